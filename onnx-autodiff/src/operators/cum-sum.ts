import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** Running sums along an axis: the gradient sums the other way. */
export const cumSum: Operator = {
  type: "CumSum",
  unchangedSince: 11,
  differentiableInputs: [0],
  infer: sameAsInput,

  gradient(context) {
    const { graph, inference } = context;
    const reverse = 1 - inference.int("reverse", 0);
    const attributes = { reverse, exclusive: inference.int("exclusive", 0) };
    return [graph.op("CumSum", [context.outputGradient(), context.input(1)], attributes)];
  },
};
