import { scalarLike } from "../gradient/add-to.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** erf'(x) = 2 / sqrt(pi) * exp(-x^2). */
export const erf: Operator = {
  type: "Erf",
  unchangedSince: 9,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    const x = context.input(0);
    const bell = graph.op("Exp", [graph.op("Neg", [graph.op("Mul", [x, x])])]);
    const slope = graph.op("Mul", [bell, scalarLike(graph, x, 2 / Math.sqrt(Math.PI))]);
    return [graph.op("Mul", [context.outputGradient(), slope])];
  },
};
