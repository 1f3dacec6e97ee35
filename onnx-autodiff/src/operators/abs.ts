import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** The derivative at 0 is 0. */
export const abs: Operator = {
  type: "Abs",
  unchangedSince: 6,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    return [graph.op("Mul", [context.outputGradient(), graph.op("Sign", [context.input(0)])])];
  },
};
