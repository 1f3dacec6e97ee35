import { sumAll } from "../builder/reductions.js";
import { scalarLike } from "../gradient/add-to.js";
import type { Loss } from "./loss.js";

/**
 * d^2 / 2 within `delta` of the target, delta (|d| - delta / 2) beyond; one term per element. Its gradient is the
 * difference clipped to delta. Source: Huber 1964, in the form of torch.nn.HuberLoss.
 */
export const huber: Loss = {
  kind: "huber",
  metric: "error_sum",
  absorbs: [],
  targetType: (prediction) => prediction,

  build({ graph, prediction, target, options }) {
    const difference = graph.op("Sub", [prediction, target]);
    const distance = graph.op("Abs", [difference]);
    const number = (value: number): string => scalarLike(graph, prediction, value);
    // With c the distance clipped to delta, both branches are c (distance - c / 2).
    const near = graph.op("Min", [distance, number(options.delta)]);
    const rest = graph.op("Sub", [distance, graph.op("Mul", [near, number(0.5)])]);
    return {
      sum: sumAll(graph, graph.op("Mul", [near, rest])),
      count: graph.op("Size", [prediction]),
      metric: sumAll(graph, distance),
      gradient(scale) {
        const clipped = graph.op("Mul", [graph.op("Sign", [difference]), near]);
        return graph.op("Mul", [clipped, scale]);
      },
    };
  },
};
