import { scalarLike } from "../gradient/add-to.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** y' = 1 / (2 y). */
export const sqrt: Operator = {
  type: "Sqrt",
  unchangedSince: 6,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    const half = graph.op("Mul", [context.outputGradient(), scalarLike(graph, context.output(), 0.5)]);
    return [graph.op("Div", [half, context.output()])];
  },
};
