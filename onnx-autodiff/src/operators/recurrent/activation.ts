import type { GraphBuilder } from "../../builder/graph-builder.js";
import { scalarLike } from "../../gradient/add-to.js";
import type { InferenceContext } from "../../graph/inference-context.js";
import { findAttribute, float, textsAttribute } from "../../onnx/attributes.js";
import { filledLike, indicator } from "../fill.js";

/** An activation of a recurrent cell, with its slope as a function of its own output. */
export interface Activation {
  readonly name: string;
  apply(graph: GraphBuilder, value: string): string;
  slope(graph: GraphBuilder, output: string): string;
}

interface Constants {
  readonly alpha: number;
  readonly beta: number;
}

interface ActivationRule {
  /** Values of `alpha` and `beta` where the node lists none; an activation without them has no entry. */
  readonly defaults: Partial<Constants>;
  make(constants: Constants): Omit<Activation, "name">;
}

const unary = (type: string): Activation["apply"] => {
  return (graph, value) => graph.op(type, [value]);
};

/** Activations whose slope follows from their output. Names as in the specification of RNN, GRU and LSTM. */
const RULES: Readonly<Record<string, ActivationRule>> = {
  Sigmoid: {
    defaults: {},
    make: () => ({
      apply: unary("Sigmoid"),
      slope: (graph, y) => graph.op("Mul", [y, graph.op("Sub", [scalarLike(graph, y, 1), y])]),
    }),
  },
  Tanh: {
    defaults: {},
    make: () => ({
      apply: unary("Tanh"),
      slope: (graph, y) => graph.op("Sub", [scalarLike(graph, y, 1), graph.op("Mul", [y, y])]),
    }),
  },
  Relu: {
    defaults: {},
    make: () => ({
      apply: unary("Relu"),
      slope: (graph, y) => indicator(graph, graph.op("Greater", [y, scalarLike(graph, y, 0)]), y),
    }),
  },
  HardSigmoid: {
    defaults: { alpha: 0.2, beta: 0.5 },
    make: ({ alpha, beta }) => ({
      apply: (graph, value) => graph.op("HardSigmoid", [value], { alpha: float(alpha), beta: float(beta) }),
      slope: (graph, y) => hardSigmoidSlope(graph, y, alpha),
    }),
  },
  Affine: {
    defaults: { alpha: 1, beta: 0 },
    make: ({ alpha, beta }) => ({
      apply: (graph, value) =>
        graph.op("Add", [
          graph.op("Mul", [value, scalarLike(graph, value, alpha)]),
          scalarLike(graph, value, beta),
        ]),
      slope: (graph, y) => filledLike(graph, y, alpha),
    }),
  },
};

function hardSigmoidSlope(graph: GraphBuilder, y: string, alpha: number): string {
  const isAbove = graph.op("Greater", [y, scalarLike(graph, y, 0)]);
  const isBelow = graph.op("Less", [y, scalarLike(graph, y, 1)]);
  const isInside = indicator(graph, graph.op("And", [isAbove, isBelow]), y);
  return graph.op("Mul", [isInside, scalarLike(graph, y, alpha)]);
}

/**
 * The activations of one direction. Lists of `activation_alpha` and `activation_beta` are used up in order by those
 * that take them. Fails for an activation without a rule.
 */
export function activationsOf(
  context: InferenceContext,
  defaults: readonly string[],
  direction: number,
): readonly Activation[] {
  const names = textsAttribute(context.node, "activations") ?? [];
  const all = names.length > 0 ? names : [...defaults, ...defaults];
  const remaining = { alpha: listOf(context, "activation_alpha"), beta: listOf(context, "activation_beta") };
  const activations = all.map((name) => {
    const rule = Object.entries(RULES).find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1];
    if (rule === undefined) {
      return context.fail(
        "ONNX_UNSUPPORTED_OPERATOR",
        `its activation ${name} cannot be differentiated`,
        `use ${Object.keys(RULES).join(", ")}`,
      );
    }
    const take = (key: keyof Constants): number =>
      rule.defaults[key] === undefined ? 0 : (remaining[key].shift() ?? rule.defaults[key]);
    return { name, ...rule.make({ alpha: take("alpha"), beta: take("beta") }) };
  });
  return activations.slice(direction * defaults.length, (direction + 1) * defaults.length);
}

function listOf(context: InferenceContext, name: string): number[] {
  return [...(findAttribute(context.node, name)?.floats ?? [])];
}
