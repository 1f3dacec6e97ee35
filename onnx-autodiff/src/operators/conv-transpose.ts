import type { InferenceContext } from "../graph/inference-context.js";
import { anonymousDim, staticSize, type Dim } from "../graph/tensor-type.js";
import { kernelGradient } from "./kernel-gradient.js";
import { sumPerChannel } from "./normalization.js";
import type { Operator } from "./operator.js";
import { extentOf, type Window } from "./window.js";

/** Y [N, M, ...] from X [N, C, ...] and W [C, M / group, ...kernel]: the gradient of a Conv, as an operator. */
export const convTranspose: Operator = {
  type: "ConvTranspose",
  unchangedSince: 1,

  infer(context) {
    const type = context.type(0);
    return [type && { ...type, shape: outputShape(context) }];
  },

  gradient(context) {
    const window = requireWindow(context.inference);
    const { graph, inference } = context;
    const dy = context.outputGradient();
    const group = inference.int("group", 1);
    const { strides, dilations, pads } = window;
    return [
      context.needs(0)
        ? graph.op("Conv", [dy, context.input(1)], { strides, dilations, pads, group })
        : undefined,
      context.needs(1)
        ? kernelGradient(graph, { wide: dy, narrow: context.input(0), window, group })
        : undefined,
      context.needs(2) ? sumPerChannel(graph, dy) : undefined,
    ];
  },

  multiplyAdds(context) {
    const kernel = staticSize(context.shape(1) ?? []) ?? 1;
    const spatial = context.shape(0)?.slice(2) ?? [];
    return spatial.reduce<number>((product, dim) => product * (typeof dim === "number" ? dim : 1), kernel);
  },
};

function requireWindow(context: InferenceContext): Window {
  const window = transposedWindow(context);
  if (window !== undefined) return window;
  return context.fail(
    "ONNX_UNSUPPORTED_OPERATOR",
    "its padding depends on sizes that are known only at run time",
    "export the model with explicit pads or fixed spatial dims",
  );
}

/** The window with explicit pads; undefined when they depend on sizes that are unknown. */
function transposedWindow(context: InferenceContext): Window | undefined {
  const kernel = context.ints("kernel_shape") ?? context.shape(1)?.slice(2);
  if (kernel === undefined || kernel.some((dim) => typeof dim !== "number")) return undefined;
  const ones = kernel.map(() => 1);
  const window = {
    kernel: kernel.map(Number),
    strides: context.ints("strides") ?? ones,
    dilations: context.ints("dilations") ?? ones,
    pads: context.ints("pads") ?? [...ones, ...ones].map(() => 0),
  };
  const wanted = context.ints("output_shape");
  const mode = context.text("auto_pad", "NOTSET");
  if (wanted === undefined && mode !== "SAME_UPPER" && mode !== "SAME_LOWER") {
    return mode === "VALID" ? { ...window, pads: window.pads.map(() => 0) } : window;
  }
  const pads = padsForOutput(context, window, wanted?.slice(-kernel.length));
  return pads && { ...window, pads };
}

/** Padding that gives the wanted output (by default input times stride): spec of ConvTranspose, "output_shape". */
function padsForOutput(
  context: InferenceContext,
  window: Window,
  wanted: readonly number[] | undefined,
): readonly number[] | undefined {
  const spatial = context.shape(0)?.slice(2);
  const totals = window.kernel.map((_, axis) => {
    const [size, stride = 1] = [spatial?.[axis], window.strides[axis]];
    if (typeof size !== "number") return undefined;
    const extra = context.ints("output_padding")?.[axis] ?? 0;
    const full = stride * (size - 1) + extra + extentOf(window, axis);
    return Math.max(0, full - (wanted?.[axis] ?? size * stride));
  });
  if (totals.some((total) => total === undefined)) return undefined;
  const small = totals.map((total) => Math.floor((total ?? 0) / 2));
  const large = totals.map((total, axis) => (total ?? 0) - (small[axis] ?? 0));
  return context.text("auto_pad", "NOTSET") === "SAME_UPPER" ? [...small, ...large] : [...large, ...small];
}

function outputShape(context: InferenceContext): readonly Dim[] | undefined {
  const [input, kernel] = [context.shape(0), context.shape(1)];
  const window = transposedWindow(context);
  if (input === undefined || kernel === undefined || window === undefined) return undefined;
  const perGroup = kernel[1];
  const output = context.node.outputs[0] ?? "";
  const channels =
    typeof perGroup === "number" ? perGroup * context.int("group", 1) : anonymousDim(output, 1);
  const spatial = input.slice(2).map((size, axis): Dim => {
    if (typeof size !== "number") return anonymousDim(output, axis + 2);
    const pads = (window.pads[axis] ?? 0) + (window.pads[axis + window.kernel.length] ?? 0);
    const extra = context.ints("output_padding")?.[axis] ?? 0;
    return (window.strides[axis] ?? 1) * (size - 1) + extra + extentOf(window, axis) - pads;
  });
  return [input[0] ?? 1, channels, ...spatial];
}
