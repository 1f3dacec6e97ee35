import { keepReduced } from "../gradient/expand-reduced.js";
import { reduced } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** log(sum(exp(x))): its derivative is exp(x - y), the softmax. */
export const reduceLogSumExp: Operator = {
  type: "ReduceLogSumExp",
  unchangedSince: 1,
  differentiableInputs: [0],
  infer: reduced,

  gradient(context) {
    const { graph } = context;
    const difference = graph.op("Sub", [context.input(0), keepReduced(context, context.output())]);
    const dy = keepReduced(context, context.outputGradient());
    return [graph.op("Mul", [graph.op("Exp", [difference]), dy])];
  },
};
