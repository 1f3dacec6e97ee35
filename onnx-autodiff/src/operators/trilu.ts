import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** A triangle of each matrix: the gradient is cut in the same way. */
export const trilu: Operator = {
  type: "Trilu",
  unchangedSince: 14,
  differentiableInputs: [0],
  infer: sameAsInput,

  gradient(context) {
    const { graph, inference } = context;
    const diagonal = inference.inputName(1);
    const inputs = [context.outputGradient(), ...(diagonal === undefined ? [] : [diagonal])];
    return [graph.op("Trilu", inputs, { upper: inference.int("upper", 1) })];
  },
};
