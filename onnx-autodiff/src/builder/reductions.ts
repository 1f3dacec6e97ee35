import type { GraphBuilder } from "./graph-builder.js";

/** First opset in which every reduction takes its axes as an input; ReduceSum does since 13. */
const AXES_INPUT_OPSET = 18;

/** Sum over `axes`; the value itself when there are none. */
export function reduceSum(
  graph: GraphBuilder,
  value: string,
  axes: readonly number[],
  keepDims: boolean,
): string {
  if (axes.length === 0) return value;
  return graph.op("ReduceSum", [value, graph.constant(axes, "int64")], { keepdims: keepDims ? 1 : 0 });
}

/** Any other reduction over `axes`, in the form that the graph's opset has. */
export function reduce(
  graph: GraphBuilder,
  type: "ReduceMean" | "ReduceMax" | "ReduceProd" | "ReduceSumSquare",
  value: string,
  options: { readonly axes: readonly number[]; readonly keepDims: boolean },
): string {
  const keepdims = options.keepDims ? 1 : 0;
  if (graph.opset < AXES_INPUT_OPSET) return graph.op(type, [value], { axes: options.axes, keepdims });
  return graph.op(type, [value, graph.constant(options.axes, "int64")], { keepdims });
}

/** Sum of all elements, a scalar. */
export function sumAll(graph: GraphBuilder, value: string): string {
  return graph.op("ReduceSum", [value], { keepdims: 0 });
}
