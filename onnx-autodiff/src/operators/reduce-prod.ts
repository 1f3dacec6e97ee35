import { scalarLike } from "../gradient/add-to.js";
import { keepReduced } from "../gradient/expand-reduced.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import { reduced, reductionAxes } from "../graph/shapes.js";
import type { Operator } from "./operator.js";
import { reduce } from "../builder/reductions.js";
import { indicator } from "./fill.js";
import { sumLike } from "./reduce-like.js";

/** d(product)/dx is the product of the others: also where one element, or more, is 0. */
export const reduceProd: Operator = {
  type: "ReduceProd",
  unchangedSince: 1,
  differentiableInputs: [0],
  infer: reduced,
  contents: (context) => productOf(context.contents(0)),

  gradient(context) {
    const { graph } = context;
    const dy = keepReduced(context, context.outputGradient());
    return [graph.op("Mul", [dy, productOfOthers(context)])];
  },
};

function productOfOthers(context: GradientContext): string {
  const { graph, inference } = context;
  const x = context.input(0);
  const number = (value: number): string => scalarLike(graph, x, value);
  const isZero = graph.op("Equal", [x, number(0)]);
  const zeros = sumLike(context, indicator(graph, isZero, x));
  const safe = graph.op("Where", [isZero, number(1), x]);
  const axes = reductionAxes(inference) ?? failOnAxes(context);
  const product = axes.length === 0 ? safe : reduce(graph, "ReduceProd", safe, { axes, keepDims: true });
  const productWhere = (count: number): string =>
    graph.op("Where", [graph.op("Equal", [zeros, number(count)]), product, number(0)]);
  return graph.op("Where", [isZero, productWhere(1), graph.op("Div", [productWhere(0), safe])]);
}

function failOnAxes(context: GradientContext): never {
  return context.inference.fail(
    "ONNX_UNSUPPORTED_OPERATOR",
    "its axes are computed at run time, so it cannot be differentiated",
    "make them constant",
  );
}

function productOf(dims: readonly (number | string)[] | undefined): readonly (number | string)[] | undefined {
  if (dims === undefined) return undefined;
  const symbols = dims.filter((dim) => typeof dim === "string");
  const product = dims.reduce<number>((value, dim) => value * (typeof dim === "number" ? dim : 1), 1);
  if (symbols.length === 0) return [product];
  return symbols.length === 1 && product === 1 ? symbols : undefined;
}
