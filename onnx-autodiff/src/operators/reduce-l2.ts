import { scalarLike } from "../gradient/add-to.js";
import { keepReduced } from "../gradient/expand-reduced.js";
import { reduced } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** The Euclidean norm: dx = dy * x / y, and 0 where the norm is 0. */
export const reduceL2: Operator = {
  type: "ReduceL2",
  unchangedSince: 1,
  differentiableInputs: [0],
  infer: reduced,

  gradient(context) {
    const { graph } = context;
    const [x, y] = [context.input(0), keepReduced(context, context.output())];
    const isZero = graph.op("Equal", [y, scalarLike(graph, y, 0)]);
    const safe = graph.op("Where", [isZero, scalarLike(graph, y, 1), y]);
    const scaled = graph.op("Div", [keepReduced(context, context.outputGradient()), safe]);
    return [graph.op("Mul", [x, scaled])];
  },
};
