import { reductionAxes } from "../graph/shapes.js";
import type { GradientContext } from "./gradient-context.js";

/** Spreads the gradient of a reduction's output over everything that was reduced into it. */
export function expandReduced(context: GradientContext, gradient: string): string {
  const shape = context.graph.op("Shape", [context.input(0)]);
  const kept = keepReduced(context, gradient);
  return context.graph.op("Expand", [kept, shape]);
}

/** A value of the shape of a reduction's output, with the reduced dims put back as 1. */
export function keepReduced(context: GradientContext, value: string): string {
  const { graph, inference } = context;
  if (inference.int("keepdims", 1) === 1) return value;
  const axes = reductionAxes(inference);
  if (axes === undefined) {
    return inference.fail(
      "ONNX_UNSUPPORTED_OPERATOR",
      "its axes are computed at run time, so it cannot be differentiated",
      "make them constant or keep the dims",
    );
  }
  return axes.length === 0 ? value : graph.op("Unsqueeze", [value, graph.constant(axes, "int64")]);
}
