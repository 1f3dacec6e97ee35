import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** y' = -y^2. */
export const reciprocal: Operator = {
  type: "Reciprocal",
  unchangedSince: 6,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    const y = context.output();
    return [graph.op("Neg", [graph.op("Mul", [context.outputGradient(), graph.op("Mul", [y, y])])])];
  },
};
