import { scalarLike } from "../gradient/add-to.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** alpha (exp(x) - 1) at and below 0, where y' = y + alpha. Source: Clevert et al. 2016, eq. 15. */
export const elu: Operator = {
  type: "Elu",
  unchangedSince: 6,
  infer: sameAsInput,

  gradient(context) {
    const { graph, inference } = context;
    const [x, y, dy] = [context.input(0), context.output(), context.outputGradient()];
    const slope = graph.op("Add", [y, scalarLike(graph, y, inference.float("alpha", 1))]);
    const isPositive = graph.op("Greater", [x, scalarLike(graph, x, 0)]);
    return [graph.op("Where", [isPositive, dy, graph.op("Mul", [dy, slope])])];
  },
};
