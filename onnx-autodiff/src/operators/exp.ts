import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

export const exp: Operator = {
  type: "Exp",
  unchangedSince: 6,
  infer: sameAsInput,
  gradient: (context) => [context.graph.op("Mul", [context.outputGradient(), context.output()])],
};
