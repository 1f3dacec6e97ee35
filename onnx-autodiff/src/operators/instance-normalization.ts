import { sameAsInput } from "../graph/shapes.js";
import { normalizationGradient, normalize, perChannel, sumPerChannel } from "./normalization.js";
import type { Operator } from "./operator.js";

/** Normalization of each example's channels over the spatial axes. Source: Ulyanov et al. 2016, eq. 4. */
export const instanceNormalization: Operator = {
  type: "InstanceNormalization",
  unchangedSince: 6,
  infer: sameAsInput,

  gradient(context) {
    const { graph, inference } = context;
    const [x, dy] = [context.input(0), context.outputGradient()];
    const { length: rank } = graph.requireShape(x);
    const axes = Array.from({ length: rank - 2 }, (_, index) => index + 2);
    const normalized = normalize(graph, x, { axes, epsilon: inference.float("epsilon", 1e-5) });
    const scale = perChannel(graph, context.input(1), rank);
    const dx = (): string =>
      normalizationGradient(graph, graph.op("Mul", [dy, scale]), { ...normalized, axes });
    return [
      context.needs(0) ? dx() : undefined,
      context.needs(1) ? sumPerChannel(graph, graph.op("Mul", [dy, normalized.value])) : undefined,
      context.needs(2) ? sumPerChannel(graph, dy) : undefined,
    ];
  },
};
