import { keepReduced } from "../gradient/expand-reduced.js";
import { reduced } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** The sum of absolute values: dx = dy * sign(x). */
export const reduceL1: Operator = {
  type: "ReduceL1",
  unchangedSince: 1,
  differentiableInputs: [0],
  infer: reduced,

  gradient(context) {
    const { graph } = context;
    const dy = keepReduced(context, context.outputGradient());
    return [graph.op("Mul", [graph.op("Sign", [context.input(0)]), dy])];
  },
};
