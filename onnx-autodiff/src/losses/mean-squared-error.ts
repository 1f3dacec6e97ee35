import { sumAll } from "../builder/reductions.js";
import { scalarLike } from "../gradient/add-to.js";
import type { Loss } from "./loss.js";

/** (prediction - target)^2, one term per element. Gradient: 2 (prediction - target). */
export const meanSquaredError: Loss = {
  kind: "mean-squared-error",
  metric: "error_sum",
  absorbs: [],
  targetType: (prediction) => prediction,

  build({ graph, prediction, target }) {
    const difference = graph.op("Sub", [prediction, target]);
    return {
      sum: sumAll(graph, graph.op("Mul", [difference, difference])),
      count: graph.op("Size", [prediction]),
      metric: sumAll(graph, graph.op("Abs", [difference])),
      gradient: (scale) =>
        graph.op("Mul", [difference, graph.op("Mul", [scale, scalarLike(graph, prediction, 2)])]),
    };
  },
};
