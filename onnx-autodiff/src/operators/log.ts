import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

export const log: Operator = {
  type: "Log",
  unchangedSince: 6,
  infer: sameAsInput,
  gradient: (context) => [context.graph.op("Div", [context.outputGradient(), context.input(0)])],
};
