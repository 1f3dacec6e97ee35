import type { InferenceContext } from "../graph/inference-context.js";
import { anonymousDim, type Dim } from "../graph/tensor-type.js";

/** How a convolution or pooling window moves over the spatial axes of an input [N, C, ...spatial]. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before and after each spatial axis, all befores first; as ONNX writes them. */
  readonly pads: readonly number[];
}

/** Smallest input that one window covers. */
export function extentOf(window: Window, axis: number): number {
  return ((window.kernel[axis] ?? 1) - 1) * (window.dilations[axis] ?? 1) + 1;
}

/**
 * The window of a Conv or pooling node, automatic padding worked out.
 *
 * Fails when automatic padding needs a spatial dim that is known only at run time, and for lists of another length
 * than the kernel's.
 */
export function windowOf(
  context: InferenceContext,
  kernel: readonly number[],
  spatial: readonly Dim[],
): Window {
  const rank = kernel.length;
  const listed = (name: string, fallback: number, length = rank): readonly number[] => {
    const values = context.ints(name) ?? Array.from({ length }, () => fallback);
    if (values.length === length && values.every((value) => value >= (name === "pads" ? 0 : 1)))
      return values;
    return context.fail(
      "ONNX_SHAPE_MISMATCH",
      `${name} [${values.join(", ")}] does not fit a kernel of ${rank} axes`,
      `give ${length} values`,
    );
  };
  const [strides, dilations] = [listed("strides", 1), listed("dilations", 1)];
  const mode = context.text("auto_pad", "NOTSET");
  if (mode === "SAME_UPPER" || mode === "SAME_LOWER") {
    const pads = samePads(context, { kernel, strides, dilations, pads: [] }, spatial);
    return { kernel, strides, dilations, pads };
  }
  const zeros = Array.from({ length: 2 * rank }, () => 0);
  return { kernel, strides, dilations, pads: mode === "VALID" ? zeros : listed("pads", 0, 2 * rank) };
}

/** Padding with which the output is ceil(input / stride); an odd rest goes to the end, or the beginning. */
function samePads(context: InferenceContext, window: Window, spatial: readonly Dim[]): readonly number[] {
  const isLower = context.text("auto_pad", "") === "SAME_LOWER";
  const totals = window.kernel.map((_, axis) => {
    const [size, stride = 1] = [spatial[axis], window.strides[axis]];
    if (typeof size !== "number") {
      return context.fail(
        "ONNX_UNSUPPORTED_OPERATOR",
        "automatic padding of a size that is known only at run time",
        "export the model with fixed spatial dims or explicit pads",
      );
    }
    return Math.max(0, (Math.ceil(size / stride) - 1) * stride + extentOf(window, axis) - size);
  });
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  return isLower ? [...large, ...small] : [...small, ...large];
}

/** Spatial dims of the output. `rounding` is Math.ceil for pooling in ceil mode. */
export function outputDims(
  context: InferenceContext,
  window: Window,
  input: { readonly spatial: readonly Dim[]; readonly isCeil?: boolean },
): readonly Dim[] {
  return input.spatial.map((size, axis) => {
    if (typeof size !== "number") return anonymousDim(context.node.outputs[0] ?? "", axis + 2);
    const [before = 0, after = 0] = [window.pads[axis], window.pads[axis + window.kernel.length]];
    const stride = window.strides[axis] ?? 1;
    const room = size + before + after - extentOf(window, axis);
    if (room < 0) {
      return context.fail(
        "ONNX_SHAPE_MISMATCH",
        `a window of ${extentOf(window, axis)} does not fit ${size + before + after}`,
        "correct the kernel or the padding",
      );
    }
    const whole = Math.floor(room / stride) + 1;
    if (input.isCeil !== true) return whole;
    const ceiled = Math.ceil(room / stride) + 1;
    // A window that would begin in the padding after the input is left out.
    return (ceiled - 1) * stride < size + before ? ceiled : whole;
  });
}
