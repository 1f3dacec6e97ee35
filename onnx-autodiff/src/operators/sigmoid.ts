import { scalarLike } from "../gradient/add-to.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** y' = y (1 - y). */
export const sigmoid: Operator = {
  type: "Sigmoid",
  unchangedSince: 6,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    const y = context.output();
    const slope = graph.op("Mul", [y, graph.op("Sub", [scalarLike(graph, y, 1), y])]);
    return [graph.op("Mul", [context.outputGradient(), slope])];
  },
};
