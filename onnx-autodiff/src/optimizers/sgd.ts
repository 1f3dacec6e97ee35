import { addTo, scalarLike } from "../gradient/add-to.js";
import type { Optimizer, ParameterGradient, UpdateContext } from "./optimizer.js";
import { zerosLike } from "./zeros-like.js";

/** Stochastic gradient descent; its rate is an input of the train graph. */
export interface SgdOptions {
  readonly kind: "sgd";
  /** Factor of the velocity, from 0 (default, no state) to below 1. */
  readonly momentum?: number;
  /** Looks ahead along the velocity; needs momentum. */
  readonly nesterov?: boolean;
  /** L2 penalty: gradient += weightDecay * parameter. 0 by default. */
  readonly weightDecay?: number;
}

/** Name of the momentum buffer of a parameter. */
export function velocityName(parameter: string): string {
  return `${parameter}.velocity`;
}

/**
 * Stochastic gradient descent, PyTorch's convention: g += wd p; v = mu v + g; p -= lr v (Nesterov: p -= lr (g + mu v)).
 *
 * Source: Sutskever et al. 2013, in the form of torch.optim.SGD without dampening.
 */
export function sgd(options: SgdOptions): Optimizer {
  const momentum = options.momentum ?? 0;
  const rule = { momentum, weightDecay: options.weightDecay ?? 0, isNesterov: options.nesterov ?? false };
  return {
    isLinear: momentum === 0,
    createState: (parameters) =>
      momentum === 0 ? [] : parameters.map((p) => zerosLike(p, velocityName(p.name))),
    update(context) {
      const entries = context.gradients.flatMap((gradient) =>
        momentum === 0 ? [plainUpdate(context, gradient, rule)] : momentumUpdate(context, gradient, rule),
      );
      return new Map(entries);
    },
  };
}

interface SgdRule {
  readonly momentum: number;
  readonly weightDecay: number;
  readonly isNesterov: boolean;
}

type NextValue = readonly [name: string, value: string];

function plainUpdate(
  context: UpdateContext,
  { parameter, gradient }: ParameterGradient,
  rule: SgdRule,
): NextValue {
  const { graph, learningRate } = context;
  const step = context.isPrescaled ? gradient : graph.op("Neg", [graph.op("Mul", [gradient, learningRate])]);
  if (rule.weightDecay === 0) return [parameter, addTo(graph, parameter, step)];
  const decay = graph.op("Mul", [learningRate, scalarLike(graph, parameter, rule.weightDecay)]);
  const kept = graph.op("Sub", [scalarLike(graph, parameter, 1), decay]);
  return [parameter, addTo(graph, graph.op("Mul", [parameter, kept]), step)];
}

function momentumUpdate(
  context: UpdateContext,
  { parameter, gradient }: ParameterGradient,
  rule: SgdRule,
): readonly NextValue[] {
  const { graph, learningRate, areGradientsShared } = context;
  const velocity = velocityName(parameter);
  const penalty = (): string => graph.op("Mul", [parameter, scalarLike(graph, parameter, rule.weightDecay)]);
  const penalised =
    rule.weightDecay === 0 ? gradient : addTo(graph, penalty(), gradient, { isShared: areGradientsShared });
  const isShared = rule.isNesterov || (areGradientsShared && penalised === gradient);
  const next = addTo(graph, velocity, penalised, { beta: rule.momentum, isShared });
  const direction = rule.isNesterov ? addTo(graph, next, penalised, { beta: rule.momentum, isShared }) : next;
  return [
    [parameter, graph.op("Sub", [parameter, graph.op("Mul", [direction, learningRate])])],
    [velocity, next],
  ];
}
