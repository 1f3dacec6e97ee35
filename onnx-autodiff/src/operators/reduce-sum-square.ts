import { scalarLike } from "../gradient/add-to.js";
import { keepReduced } from "../gradient/expand-reduced.js";
import { reduced } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** The sum of squares: dx = dy * 2 x. */
export const reduceSumSquare: Operator = {
  type: "ReduceSumSquare",
  unchangedSince: 1,
  differentiableInputs: [0],
  infer: reduced,

  gradient(context) {
    const { graph } = context;
    const dy = keepReduced(context, context.outputGradient());
    const twice = graph.op("Mul", [dy, scalarLike(graph, dy, 2)]);
    return [graph.op("Mul", [context.input(0), twice])];
  },
};
