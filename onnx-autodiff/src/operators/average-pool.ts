import type { GraphBuilder } from "../builder/graph-builder.js";
import { scalarLike } from "../gradient/add-to.js";
import { reshapeLike } from "../gradient/broadcast.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import type { InferenceContext } from "../graph/inference-context.js";
import { isStaticShape, type TensorType } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";
import { extentOf, outputDims, windowOf, type Window } from "./window.js";

/** The mean of each window; its gradient goes to the window's elements in equal parts. */
export const averagePool: Operator = {
  type: "AveragePool",
  unchangedSince: 1,
  infer: (context) => [pooledType(context)],
  gradient: (context) => [spreadBack(context)],
};

function pooledType(context: InferenceContext): TensorType | undefined {
  const type = context.type(0);
  if (type?.shape === undefined) return type;
  const spatial = type.shape.slice(2);
  const window = windowOf(context, context.ints("kernel_shape") ?? [], spatial);
  const isCeil = context.int("ceil_mode", 0) === 1;
  return { ...type, shape: [...type.shape.slice(0, 2), ...outputDims(context, window, { spatial, isCeil })] };
}

/**
 * Each channel by itself is a transposed convolution of dy / count with a kernel of ones. The counts (elements of
 * each window that are inside) are themselves a convolution of ones.
 */
function spreadBack(context: GradientContext): string {
  const { graph, inference } = context;
  const x = context.input(0);
  const spatial = graph.requireShape(x).slice(2);
  const window = windowOf(inference, inference.ints("kernel_shape") ?? [], spatial);
  if (!isStaticShape(spatial)) {
    return inference.fail(
      "ONNX_UNSUPPORTED_OPERATOR",
      "its input's size is known only at run time",
      "export the model with fixed spatial dims, or use GlobalAveragePool",
    );
  }
  const positions = graph.requireShape(context.output()).slice(2).map(Number);
  const planes = graph.op("Reshape", [
    context.outputGradient(),
    graph.constant([-1, 1, ...positions], "int64"),
  ]);
  const counted = countsPadding(inference)
    ? paddedSize(window, spatial)
    : { size: spatial, pads: window.pads };
  const reach = reachOf(window, spatial, positions);
  const share = graph.op("Div", [planes, windowCounts(graph, x, { window, ...counted, positions })]);
  const spread = graph.op("ConvTranspose", [share, ones(graph, x, [1, 1, ...window.kernel])], {
    strides: window.strides,
    dilations: window.dilations,
    pads: [...window.pads.slice(0, spatial.length), ...reach.map((r) => Math.max(0, r))],
    output_padding: reach.map((r) => Math.max(0, -r)),
  });
  return reshapeLike(graph, spread, x);
}

function countsPadding(context: InferenceContext): boolean {
  return context.int("count_include_pad", 0) === 1;
}

function ones(graph: GraphBuilder, like: string, shape: readonly number[]): string {
  return graph.op("Expand", [scalarLike(graph, like, 1), graph.constant(shape, "int64")]);
}

/** How far the last window reaches beyond the input (positive), or how much of the input it leaves out (negative). */
function reachOf(
  window: Window,
  spatial: readonly number[],
  positions: readonly number[],
): readonly number[] {
  return spatial.map((size, axis) => {
    const last = ((positions[axis] ?? 1) - 1) * (window.strides[axis] ?? 1) + extentOf(window, axis);
    return last - (window.pads[axis] ?? 0) - size;
  });
}

/** With padding counted, the padded input is the inside; only what ceil mode adds is not. */
function paddedSize(
  window: Window,
  spatial: readonly number[],
): { readonly size: readonly number[]; readonly pads: readonly number[] } {
  const rank = spatial.length;
  const size = spatial.map((dim, axis) => dim + (window.pads[axis] ?? 0) + (window.pads[axis + rank] ?? 0));
  return { size, pads: window.pads.map(() => 0) };
}

function windowCounts(
  graph: GraphBuilder,
  like: string,
  inside: {
    readonly window: Window;
    readonly size: readonly number[];
    readonly pads: readonly number[];
    readonly positions: readonly number[];
  },
): string {
  const { window, size, pads, positions } = inside;
  const befores = pads.slice(0, size.length);
  const afters = reachOf({ ...window, pads: befores }, size, positions).map((reach) => Math.max(0, reach));
  const { strides, dilations, kernel } = window;
  const attributes = { strides, dilations, pads: [...befores, ...afters] };
  return graph.op(
    "Conv",
    [ones(graph, like, [1, 1, ...size]), ones(graph, like, [1, 1, ...kernel])],
    attributes,
  );
}
