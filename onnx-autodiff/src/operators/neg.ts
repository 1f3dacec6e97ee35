import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

export const neg: Operator = {
  type: "Neg",
  unchangedSince: 6,
  infer: sameAsInput,
  gradient: (context) => [context.graph.op("Neg", [context.outputGradient()])],
};
