import type { GradientContext } from "../gradient/gradient-context.js";
import { reductionAxes } from "../graph/shapes.js";

/** The sum of `value` over the axes of the reduction whose gradient is built, reduced dims kept as 1. */
export function sumLike(context: GradientContext, value: string): string {
  const { graph, inference } = context;
  const axes = reductionAxes(inference);
  if (axes?.length === 0) return value;
  const input = axes === undefined ? inference.inputName(1) : graph.constant(axes, "int64");
  return graph.op("ReduceSum", input === undefined ? [value] : [value, input], { keepdims: 1 });
}
