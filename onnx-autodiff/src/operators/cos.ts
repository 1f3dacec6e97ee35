import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** cos' = -sin. */
export const cos: Operator = {
  type: "Cos",
  unchangedSince: 7,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    const slope = graph.op("Neg", [graph.op("Sin", [context.input(0)])]);
    return [graph.op("Mul", [context.outputGradient(), slope])];
  },
};
