import { sumAll } from "../builder/reductions.js";
import type { Loss } from "./loss.js";

/** |prediction - target|, one term per element. Gradient: the sign of the difference. */
export const meanAbsoluteError: Loss = {
  kind: "mean-absolute-error",
  metric: "error_sum",
  absorbs: [],
  targetType: (prediction) => prediction,

  build({ graph, prediction, target }) {
    const difference = graph.op("Sub", [prediction, target]);
    const sum = sumAll(graph, graph.op("Abs", [difference]));
    return {
      sum,
      count: graph.op("Size", [prediction]),
      metric: sum,
      gradient: (scale) => graph.op("Mul", [graph.op("Sign", [difference]), scale]),
    };
  },
};
