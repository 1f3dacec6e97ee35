import type { GraphBuilder } from "../builder/graph-builder.js";
import { filledLike } from "../operators/fill.js";

/**
 * The gradient of picking slices of `like` along `axis`: each slice of `gradient` is added where `indices` (int64,
 * any rank) took it from. `gradient` has the dims of `indices` in the place of the axis; the result has the shape of
 * `like`. Negative indices count from the end.
 */
export function scatterSlices(
  graph: GraphBuilder,
  gradient: string,
  pick: { readonly like: string; readonly axis: number; readonly indices: string },
): string {
  const { like, axis, indices } = pick;
  const rank = graph.requireShape(like).length;
  const indexRank = graph.requireShape(indices).length;
  const places = graph.op("Unsqueeze", [indices, graph.constant([-1], "int64")]);
  const add = (base: string, updates: string): string =>
    graph.op("ScatterND", [base, places, updates], { reduction: "add" });
  if (axis === 0) return add(filledLike(graph, like, 0), gradient);
  const forward = [axis, ...range(0, axis), ...range(axis + 1, rank)];
  const updates = [
    ...range(axis, axis + indexRank),
    ...range(0, axis),
    ...range(axis + indexRank, rank + indexRank - 1),
  ];
  const front = graph.op("Transpose", [filledLike(graph, like, 0)], { perm: forward });
  const sum = add(front, graph.op("Transpose", [gradient], { perm: updates }));
  return graph.op("Transpose", [sum], { perm: forward.map((_, position) => forward.indexOf(position)) });
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
