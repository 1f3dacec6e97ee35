import type { GraphBuilder } from "../builder/graph-builder.js";
import { reduce, reduceSum } from "../builder/reductions.js";
import { scalarLike } from "../gradient/add-to.js";

/** A value normalized over some axes: x * inverse deviation, less the mean. */
export interface Normalized {
  /** (x - mean) / sqrt(variance + epsilon). */
  readonly value: string;
  /** 1 / sqrt(variance + epsilon), reduced dims kept as 1. */
  readonly inverseDeviation: string;
}

/** Normalizes over `axes` with the population variance, as all ONNX normalizations do. */
export function normalize(
  graph: GraphBuilder,
  x: string,
  options: { readonly axes: readonly number[]; readonly epsilon: number },
): Normalized {
  const { axes, epsilon } = options;
  const centred = graph.op("Sub", [x, reduce(graph, "ReduceMean", x, { axes, keepDims: true })]);
  const variance = reduce(graph, "ReduceMean", graph.op("Mul", [centred, centred]), { axes, keepDims: true });
  const deviation = graph.op("Sqrt", [graph.op("Add", [variance, scalarLike(graph, x, epsilon)])]);
  const inverseDeviation = graph.op("Reciprocal", [deviation]);
  return { value: graph.op("Mul", [centred, inverseDeviation]), inverseDeviation };
}

/**
 * Gradient of a normalization with respect to its input, from that with respect to the normalized value g:
 * (g - mean(g) - x' mean(g x')) / deviation, with the means over the normalized axes.
 *
 * Source: Ioffe and Szegedy 2015, section 3, simplified.
 */
export function normalizationGradient(
  graph: GraphBuilder,
  gradient: string,
  normalized: Normalized & { readonly axes: readonly number[] },
): string {
  const { value, inverseDeviation, axes } = normalized;
  const mean = (of: string): string => reduce(graph, "ReduceMean", of, { axes, keepDims: true });
  const along = graph.op("Mul", [value, mean(graph.op("Mul", [gradient, value]))]);
  const rest = graph.op("Sub", [graph.op("Sub", [gradient, mean(gradient)]), along]);
  return graph.op("Mul", [rest, inverseDeviation]);
}

/** A per-channel vector [C] as [C, 1, ...], so that it broadcasts over [N, C, ...] of this rank. */
export function perChannel(graph: GraphBuilder, vector: string, rank: number): string {
  const trailing = Array.from({ length: rank - 2 }, () => 1);
  return trailing.length === 0
    ? vector
    : graph.op("Reshape", [vector, graph.constant([-1, ...trailing], "int64")]);
}

/** Sums of [N, C, ...] per channel, [C]. */
export function sumPerChannel(graph: GraphBuilder, value: string): string {
  return reduceSum(graph, value, channelAxes(graph, value), false);
}

/** All axes of [N, C, ...] but that of the channels. */
export function channelAxes(graph: GraphBuilder, value: string): readonly number[] {
  return graph.requireShape(value).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
}
