import { scalarLike } from "../gradient/add-to.js";
import { unbroadcast } from "../gradient/broadcast.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import { broadcastShapes } from "../graph/shapes.js";
import { dataTypeOf } from "../onnx/element-type.js";
import type { Operator } from "./operator.js";

/**
 * x^p with x's element type. dx = dy * p * x^(p - 1); dp = dy * x^p * log(x), and 0 where x is 0.
 *
 * A negative x with a trained exponent gives NaN, as in PyTorch.
 */
export const pow: Operator = {
  type: "Pow",
  unchangedSince: 7,

  infer(context) {
    const type = context.type(0);
    return [type && { ...type, shape: broadcastShapes(context, [context.shape(0), context.shape(1)]) }];
  },

  gradient: (context) => [
    context.needs(0) ? unbroadcast(context.graph, baseGradient(context), context.input(0)) : undefined,
    context.needs(1) ? unbroadcast(context.graph, exponentGradient(context), context.input(1)) : undefined,
  ],
};

function baseGradient(context: GradientContext): string {
  const { graph } = context;
  const [x, dy] = [context.input(0), context.outputGradient()];
  const constant = context.inference.tensor(1);
  if (constant?.data.length === 1 && Number(constant.data[0]) === 2) {
    return graph.op("Mul", [dy, graph.op("Mul", [x, scalarLike(graph, x, 2)])]);
  }
  const exponent = exponentLike(context, x);
  const lower = graph.op("Pow", [x, graph.op("Sub", [exponent, scalarLike(graph, x, 1)])]);
  return graph.op("Mul", [dy, graph.op("Mul", [exponent, lower])]);
}

function exponentGradient(context: GradientContext): string {
  const { graph } = context;
  const [x, y] = [context.input(0), context.output()];
  const isZero = graph.op("Equal", [x, scalarLike(graph, x, 0)]);
  const safe = graph.op("Where", [isZero, scalarLike(graph, x, 1), x]);
  const slope = graph.op("Mul", [y, graph.op("Log", [safe])]);
  return graph.op("Mul", [context.outputGradient(), slope]);
}

function exponentLike(context: GradientContext, x: string): string {
  const { graph } = context;
  const exponent = context.input(1);
  const to = graph.requireType(x).elementType;
  if (graph.requireType(exponent).elementType === to) return exponent;
  return graph.op("Cast", [exponent], { to: dataTypeOf(to) });
}
