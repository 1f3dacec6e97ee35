import type { GraphBuilder } from "../builder/graph-builder.js";
import { reduceSum } from "../builder/reductions.js";
import type { Dim } from "../graph/tensor-type.js";

/**
 * Sums a gradient over the axes along which `target` was broadcast, so that it has the shape of `target`.
 *
 * Axes are found from the types; only where two different symbols meet (one of which may turn out to be 1) are
 * they found at run time. Ranks must be known.
 */
export function unbroadcast(graph: GraphBuilder, gradient: string, target: string): string {
  const from = graph.requireShape(gradient);
  const to = graph.requireShape(target);
  const added = from.length - to.length;
  const aligned = to.map((dim, index) => [from[index + added], dim] as const);
  if (aligned.some(([wide, narrow]) => mayBroadcast(wide, narrow)))
    return unbroadcastAtRunTime(graph, gradient, target);
  const leading = Array.from({ length: added }, (_, index) => index);
  const stretched = aligned.flatMap(([wide, narrow], index) =>
    wide !== narrow && narrow === 1 ? [index + added] : [],
  );
  if (added === 0) return reduceSum(graph, gradient, stretched, true);
  if (stretched.length === 0) return reduceSum(graph, gradient, leading, false);
  return reduceSum(graph, reduceSum(graph, gradient, stretched, true), leading, false);
}

/** True when only the run decides whether the narrow dim was stretched. */
function mayBroadcast(wide: Dim | undefined, narrow: Dim): boolean {
  return typeof narrow === "string" && wide !== narrow;
}

function unbroadcastAtRunTime(graph: GraphBuilder, gradient: string, target: string): string {
  const added = graph.requireShape(gradient).length - graph.requireShape(target).length;
  const shape = graph.op("Shape", [target]);
  const ones = graph.constant(
    Array.from({ length: added }, () => 1),
    "int64",
  );
  const aligned = added === 0 ? shape : graph.op("Concat", [ones, shape], { axis: 0 });
  const isOne = graph.op("Equal", [aligned, graph.constant(1, "int64")]);
  const axes = graph.op("Squeeze", [graph.op("NonZero", [isOne]), graph.constant([0], "int64")]);
  const summed = graph.op("ReduceSum", [gradient, axes], { keepdims: 1, noop_with_empty_axes: 1 });
  return graph.op("Reshape", [summed, shape]);
}

/** Reshapes `value` to the shape of `like`, by a constant where at most one dim is symbolic. */
export function reshapeLike(graph: GraphBuilder, value: string, like: string): string {
  const shape = graph.typeOf(like)?.shape;
  const numSymbolic = shape?.filter((dim) => typeof dim === "string").length ?? Infinity;
  if (shape === undefined || numSymbolic > 1 || shape.includes(0)) {
    return graph.op("Reshape", [value, graph.op("Shape", [like])]);
  }
  const dims = shape.map((dim) => (typeof dim === "string" ? -1 : dim));
  return graph.op("Reshape", [value, graph.constant(dims, "int64")]);
}
