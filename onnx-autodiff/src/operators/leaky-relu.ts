import { scalarLike } from "../gradient/add-to.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** Slope 1 above 0, `alpha` (0.01) elsewhere. */
export const leakyRelu: Operator = {
  type: "LeakyRelu",
  unchangedSince: 6,
  infer: sameAsInput,

  gradient(context) {
    const { graph, inference } = context;
    const [x, dy] = [context.input(0), context.outputGradient()];
    const slope = scalarLike(graph, x, inference.float("alpha", 0.01));
    const isPositive = graph.op("Greater", [x, scalarLike(graph, x, 0)]);
    return [graph.op("Where", [isPositive, dy, graph.op("Mul", [dy, slope])])];
  },
};
