import type { GraphBuilder } from "../../builder/graph-builder.js";

/** Parts of a value along an axis: one node for all of them. */
export function partsOf(
  graph: GraphBuilder,
  value: string,
  sizes: readonly number[],
  axis: number,
): readonly string[] {
  if (sizes.length === 1) return [value];
  return graph.ops("Split", [value, graph.constant(sizes, "int64")], { axis }, sizes.length);
}

/** The sum of the values that there are. */
export function addPresent(
  graph: GraphBuilder,
  ...values: readonly (string | undefined)[]
): string | undefined {
  const present = values.filter((value) => value !== undefined);
  return present.length === 0 ? undefined : present.reduce((sum, value) => graph.op("Add", [sum, value]));
}
