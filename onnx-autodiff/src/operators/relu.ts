import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** The output is never negative, so its sign is the mask; the derivative at 0 is 0. */
export const relu: Operator = {
  type: "Relu",
  unchangedSince: 6,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    return [graph.op("Mul", [context.outputGradient(), graph.op("Sign", [context.output()])])];
  },
};
