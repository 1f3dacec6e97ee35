import { scalarLike } from "../gradient/add-to.js";
import type { TensorSpec } from "../model/tensor-spec.js";
import type { Optimizer, ParameterGradient, UpdateContext } from "./optimizer.js";
import { zerosLike } from "./zeros-like.js";

/** Adam, or AdamW with its decoupled decay; the rate is an input of the train graph. Defaults as in PyTorch. */
export interface AdamOptions {
  readonly kind: "adam" | "adamw";
  /** Decay of the mean of gradients, in [0, 1); 0.9 by default. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients, in [0, 1); 0.999 by default. */
  readonly beta2?: number;
  /** Added to the root of the second moment; 1e-8 by default. */
  readonly epsilon?: number;
  /** adam: gradient += weightDecay * parameter. adamw: parameter *= 1 - rate * weightDecay. 0 by default. */
  readonly weightDecay?: number;
}

/** Number of steps taken, a scalar of the parameters' element type. */
export const ADAM_STEP = "adam.step";

/** Name of the running mean of a parameter's gradients. */
export function firstMomentName(parameter: string): string {
  return `${parameter}.first_moment`;
}

/** Name of the running mean of a parameter's squared gradients. */
export function secondMomentName(parameter: string): string {
  return `${parameter}.second_moment`;
}

interface AdamRule {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly isDecoupled: boolean;
}

/**
 * m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, p -= rate m' / (sqrt(v') + epsilon), with m' and v' divided by
 * 1 - b1^t and 1 - b2^t.
 *
 * Sources: Kingma and Ba 2015, Algorithm 1; Loshchilov and Hutter 2019, Algorithm 2; in the form of torch.optim.
 */
export function adam(options: AdamOptions): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const rule = { beta1, beta2, epsilon, weightDecay, isDecoupled: options.kind === "adamw" };
  return {
    isLinear: false,
    createState: (parameters) => [
      ...parameters.flatMap((parameter) => [
        zerosLike(parameter, firstMomentName(parameter.name)),
        zerosLike(parameter, secondMomentName(parameter.name)),
      ]),
      stepCount(parameters),
    ],
    update: (context) => update(context, rule),
  };
}

function stepCount(parameters: readonly TensorSpec[]): TensorSpec {
  const isDouble = parameters[0]?.elementType === "float64";
  const data = isDouble ? new Float64Array(1) : new Float32Array(1);
  return { name: ADAM_STEP, shape: [], elementType: isDouble ? "float64" : "float32", data };
}

function update(context: UpdateContext, rule: AdamRule): ReadonlyMap<string, string> {
  const { graph, learningRate } = context;
  const one = scalarLike(graph, ADAM_STEP, 1);
  const step = graph.op("Add", [ADAM_STEP, one]);
  const correction = (beta: number): string =>
    graph.op("Sub", [one, graph.op("Pow", [scalarLike(graph, ADAM_STEP, beta), step])]);
  const rate = graph.op("Div", [learningRate, correction(rule.beta1)]);
  const scale = graph.op("Sqrt", [correction(rule.beta2)]);
  const entries = context.gradients.flatMap((gradient) =>
    moments(context, gradient, { ...rule, rate, scale }),
  );
  return new Map([...entries, [ADAM_STEP, step]]);
}

function moments(
  { graph, learningRate }: UpdateContext,
  { parameter, gradient }: ParameterGradient,
  rule: AdamRule & { readonly rate: string; readonly scale: string },
): readonly (readonly [name: string, value: string])[] {
  const number = (value: number): string => scalarLike(graph, parameter, value);
  const times = (value: string, factor: number): string => graph.op("Mul", [value, number(factor)]);
  const isPenalised = rule.weightDecay > 0 && !rule.isDecoupled;
  const g = isPenalised ? graph.op("Add", [gradient, times(parameter, rule.weightDecay)]) : gradient;
  const [first, second] = [firstMomentName(parameter), secondMomentName(parameter)];
  const m = graph.op("Add", [times(first, rule.beta1), times(g, 1 - rule.beta1)]);
  const v = graph.op("Add", [times(second, rule.beta2), times(graph.op("Mul", [g, g]), 1 - rule.beta2)]);
  const root = graph.op("Div", [graph.op("Sqrt", [v]), rule.scale]);
  const direction = graph.op("Div", [m, graph.op("Add", [root, number(rule.epsilon)])]);
  const decay = (): string => graph.op("Sub", [number(1), times(learningRate, rule.weightDecay)]);
  const kept = rule.weightDecay > 0 && rule.isDecoupled ? graph.op("Mul", [parameter, decay()]) : parameter;
  return [
    [parameter, graph.op("Sub", [kept, graph.op("Mul", [direction, rule.rate])])],
    [first, m],
    [second, v],
  ];
}
