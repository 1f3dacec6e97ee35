import { scalarLike } from "../gradient/add-to.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** y' = 1 - y^2. */
export const tanh: Operator = {
  type: "Tanh",
  unchangedSince: 6,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    const y = context.output();
    const slope = graph.op("Sub", [scalarLike(graph, y, 1), graph.op("Mul", [y, y])]);
    return [graph.op("Mul", [context.outputGradient(), slope])];
  },
};
