import { reductionAxes } from "../graph/shapes.js";
import type { GradientContext } from "./gradient-context.js";

/** Spreads the gradient of a reduction's output over everything that was reduced into it. */
export function expandReduced(context: GradientContext, gradient: string): string {
  const { graph, inference } = context;
  const shape = graph.op("Shape", [context.input(0)]);
  if (inference.int("keepdims", 1) === 1) return graph.op("Expand", [gradient, shape]);
  const axes = reductionAxes(inference);
  if (axes === undefined) {
    return inference.fail(
      "ONNX_UNSUPPORTED_OPERATOR",
      "its axes are computed at run time, so it cannot be differentiated",
      "make them constant or keep the dims",
    );
  }
  if (axes.length === 0) return gradient;
  const kept = graph.op("Unsqueeze", [gradient, graph.constant(axes, "int64")]);
  return graph.op("Expand", [kept, shape]);
}
