import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** sin' = cos. */
export const sin: Operator = {
  type: "Sin",
  unchangedSince: 7,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    return [graph.op("Mul", [context.outputGradient(), graph.op("Cos", [context.input(0)])])];
  },
};
