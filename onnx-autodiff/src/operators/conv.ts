import { unbroadcast } from "../gradient/broadcast.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import type { InferenceContext } from "../graph/inference-context.js";
import { anonymousDim, staticSize, type Dim } from "../graph/tensor-type.js";
import { kernelGradient } from "./kernel-gradient.js";
import { sumPerChannel } from "./normalization.js";
import type { Operator } from "./operator.js";
import { extentOf, outputDims, windowOf, type Window } from "./window.js";

/** Y [N, M, ...] = X [N, C, ...] correlated with W [M, C / group, ...kernel], plus B [M]. */
export const conv: Operator = {
  type: "Conv",
  unchangedSince: 1,

  infer(context) {
    const type = context.type(0);
    return [type && { ...type, shape: outputShape(context) }];
  },

  gradient(context) {
    const window = convWindow(context.inference);
    if (window === undefined) {
      return context.inference.fail("ONNX_INVALID_GRAPH", "the kernel's shape is unknown", "declare it");
    }
    return [
      context.needs(0) ? inputGradient(context, window) : undefined,
      context.needs(1) ? kernelGradientOf(context, window) : undefined,
      context.needs(2) ? sumPerChannel(context.graph, context.outputGradient()) : undefined,
    ];
  },

  multiplyAdds(context) {
    const kernel = staticSize(context.shape(1) ?? []) ?? 1;
    const spatial = outputShape(context)?.slice(2) ?? [];
    return spatial.reduce<number>((product, dim) => product * (typeof dim === "number" ? dim : 1), kernel);
  },
};

/** The window of a Conv node; undefined when the kernel's spatial dims are unknown. */
export function convWindow(context: InferenceContext): Window | undefined {
  const kernel = context.ints("kernel_shape") ?? context.shape(1)?.slice(2);
  const spatial = context.shape(0)?.slice(2);
  if (kernel === undefined || spatial === undefined || kernel.some((dim) => typeof dim !== "number")) {
    return undefined;
  }
  if (kernel.length === spatial.length) return windowOf(context, kernel.map(Number), spatial);
  return context.fail(
    "ONNX_SHAPE_MISMATCH",
    `a kernel of ${kernel.length} axes meets an input of ${spatial.length}`,
    "correct the kernel's shape",
  );
}

function outputShape(context: InferenceContext): readonly Dim[] | undefined {
  const [input, kernel] = [context.shape(0), context.shape(1)];
  const window = convWindow(context);
  if (input === undefined || kernel === undefined) return undefined;
  const output = context.node.outputs[0] ?? "";
  const unknown = input.slice(2).map((_, axis) => anonymousDim(output, axis + 2));
  if (window === undefined) return [input[0] ?? 1, kernel[0] ?? 1, ...unknown];
  requireChannels(context, input[1], kernel);
  const spatial = outputDims(context, window, { spatial: input.slice(2) });
  return [input[0] ?? 1, kernel[0] ?? 1, ...spatial];
}

function requireChannels(context: InferenceContext, channels: Dim | undefined, kernel: readonly Dim[]): void {
  const group = context.int("group", 1);
  const [outputs, perGroup] = kernel;
  const isKnown = [channels, outputs, perGroup].every((dim) => typeof dim === "number");
  if (!isKnown || (Number(perGroup) * group === channels && Number(outputs) % group === 0)) return;
  context.fail(
    "ONNX_SHAPE_MISMATCH",
    `${channels} channels in ${group} groups do not fit a kernel [${kernel.join(", ")}]`,
    "correct the kernel's shape or the group",
  );
}

/** The transposed convolution of dY with the same kernel, as large as the input. */
function inputGradient(context: GradientContext, window: Window): string {
  const { graph, inference } = context;
  const [x, kernel] = [context.input(0), context.input(1)];
  const spatial = graph.requireShape(x).slice(2);
  const rest = spatial.map((size, axis) => uncovered(window, size, axis));
  if (rest.some((count) => count === undefined)) {
    return inference.fail(
      "ONNX_UNSUPPORTED_OPERATOR",
      "a stride above 1 over a size that is known only at run time",
      "export the model with fixed spatial dims",
    );
  }
  return graph.op("ConvTranspose", [context.outputGradient(), kernel], {
    strides: window.strides,
    dilations: window.dilations,
    pads: window.pads,
    group: inference.int("group", 1),
    output_padding: rest.map(Number),
  });
}

/** Rows at the end of the padded input that no window reaches, because the stride does not divide. */
function uncovered(window: Window, size: Dim, axis: number): number | undefined {
  const stride = window.strides[axis] ?? 1;
  if (stride === 1) return 0;
  if (typeof size !== "number") return undefined;
  const pads = (window.pads[axis] ?? 0) + (window.pads[axis + window.kernel.length] ?? 0);
  return (size + pads - extentOf(window, axis)) % stride;
}

function kernelGradientOf(context: GradientContext, window: Window): string {
  const { graph, inference } = context;
  const gradient = kernelGradient(graph, {
    wide: context.input(0),
    narrow: context.outputGradient(),
    window,
    group: inference.int("group", 1),
  });
  return unbroadcast(graph, gradient, context.input(1));
}
