import { reshapeLike } from "../gradient/broadcast.js";
import type { InferenceContext } from "../graph/inference-context.js";
import { newNode } from "../graph/node.js";
import type { Dim, TensorType } from "../graph/tensor-type.js";
import type { NodeProto } from "../onnx/proto.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import { scalarLike } from "../gradient/add-to.js";
import { indicator, shapeOf } from "./fill.js";
import type { Operator } from "./operator.js";
import { outputDims, windowOf } from "./window.js";

/** The largest element of each window, which gets its gradient. */
export const maxPool: Operator = {
  type: "MaxPool",
  unchangedSince: 1,
  infer: pooledTypes,

  trainingForm(context) {
    const [output = "", indices] = context.node.outputs;
    if (indices !== undefined && indices !== "") return [context.node];
    if (isTiling(context)) return pooledPlanes(context);
    return [{ ...context.node, outputs: [output, `${output}/indices`] }];
  },

  gradient(context) {
    if (context.inference.int("storage_order", 0) !== 0) {
      return context.inference.fail(
        "ONNX_UNSUPPORTED_OPERATOR",
        "column-major indices",
        "leave storage_order at 0",
      );
    }
    return [isTiling(context.inference) ? tiledGradient(context) : scatteredGradient(context)];
  },
};

/**
 * True for windows of an image that cover it without overlap, padding or rest. Their maxima are found again by
 * comparison: finding their indices takes onnxruntime ten times as long as the pooling itself.
 */
function isTiling(context: InferenceContext): boolean {
  const spatial = context.shape(0)?.slice(2);
  const kernel = context.ints("kernel_shape") ?? [];
  const { pads, strides, dilations } = windowOf(context, kernel, spatial ?? []);
  return (
    spatial?.length === 2 &&
    kernel.every((size, axis) => size === strides[axis] && dilations[axis] === 1) &&
    pads.every((pad) => pad === 0) &&
    spatial.every((size, axis) => typeof size === "number" && size % (kernel[axis] ?? 1) === 0)
  );
}

/**
 * The pooling with every channel as a plane of its own, so that onnxruntime does not change the layout of the channels
 * before it and back after it.
 */
function pooledPlanes(context: InferenceContext): readonly NodeProto[] {
  const { node } = context;
  const [input = "", output = ""] = [node.inputs[0], node.outputs[0]];
  const [, channels, ...spatial] = context.shape(0) ?? [];
  const kernel = context.ints("kernel_shape") ?? [];
  if (typeof channels !== "number") return [node];
  const pooled = spatial.map((size, axis) => Number(size) / (kernel[axis] ?? 1));
  const constant = (name: string, dims: readonly number[]): NodeProto =>
    newNode({ type: "Constant", inputs: [], outputs: [name], attributes: { value_ints: dims } });
  const name = (part: string): string => `${output}/${part}`;
  return [
    constant(name("plane"), [-1, 1, ...spatial.map(Number)]),
    constant(name("shape"), [-1, channels, ...pooled]),
    newNode({ type: "Reshape", inputs: [input, name("plane")], outputs: [name("planes")] }),
    { ...node, inputs: [name("planes")], outputs: [name("pooled")] },
    newNode({ type: "Reshape", inputs: [name("pooled"), name("shape")], outputs: [output] }),
  ];
}

/**
 * To the elements that equal their window's maximum; equal ones share evenly. Every channel is a plane of its own, so
 * that onnxruntime does not change the layout of the channels before each step and back after it.
 */
function tiledGradient(context: GradientContext): string {
  const { graph, inference } = context;
  const kernel = inference.ints("kernel_shape") ?? [];
  const planes = (value: string, spatial: readonly Dim[]): string =>
    graph.op("Reshape", [value, graph.constant([-1, 1, ...spatial.map(Number)], "int64")]);
  const spatial = graph.requireShape(context.input(0)).slice(2);
  const pooled = spatial.map((size, axis) => Number(size) / (kernel[axis] ?? 1));
  const x = planes(context.input(0), spatial);
  const [y, dy] = [planes(context.output(), pooled), planes(context.outputGradient(), pooled)];
  const size = kernel.reduce((product, length) => product * length, 1);
  const spread = (value: string): string =>
    graph.op("Resize", [value, "", graph.constant([1, 1, ...kernel], "float32")], {
      mode: "nearest",
      nearest_mode: "floor",
      coordinate_transformation_mode: "asymmetric",
    });
  const hits = indicator(graph, graph.op("Equal", [x, spread(y)]), x);
  const portion = graph.op("AveragePool", [hits], { kernel_shape: kernel, strides: kernel });
  const share = graph.op("Div", [graph.op("Mul", [dy, scalarLike(graph, dy, 1 / size)]), portion]);
  return reshapeLike(graph, graph.op("Mul", [hits, spread(share)]), context.input(0));
}

/** To the element at each window's index. */
function scatteredGradient(context: GradientContext): string {
  const { graph, node, inference } = context;
  const x = context.input(0);
  const flat = (value: string): string => graph.op("Reshape", [value, graph.constant([-1], "int64")]);
  const size = graph.op("Reshape", [graph.op("Size", [x]), graph.constant([1], "int64")]);
  const zeros = graph.op("Expand", [scalarLike(graph, x, 0), size]);
  const places = flat(node.outputs[1] ?? "");
  const attributes = { axis: 0, ...(overlaps(inference) ? { reduction: "add" } : {}) };
  const sum = graph.op("ScatterElements", [zeros, places, flat(context.outputGradient())], attributes);
  const shape = graph.typeOf(x)?.shape;
  return shape === undefined ? graph.op("Reshape", [sum, shapeOf(graph, x)]) : reshapeLike(graph, sum, x);
}

/** True when an element may be in two windows. */
function overlaps(context: InferenceContext): boolean {
  const kernel = context.ints("kernel_shape") ?? [];
  return kernel.some((size, axis) => {
    const dilation = context.ints("dilations")?.[axis] ?? 1;
    return (size - 1) * dilation + 1 > (context.ints("strides")?.[axis] ?? 1);
  });
}

function pooledTypes(context: InferenceContext): readonly (TensorType | undefined)[] {
  const type = context.type(0);
  const kernel = context.ints("kernel_shape") ?? [];
  if (type?.shape === undefined) return [type, { elementType: "int64", shape: undefined }];
  const spatial = type.shape.slice(2);
  const window = windowOf(context, kernel, spatial);
  const isCeil = context.int("ceil_mode", 0) === 1;
  const shape = [...type.shape.slice(0, 2), ...outputDims(context, window, { spatial, isCeil })];
  return [
    { ...type, shape },
    { elementType: "int64", shape },
  ];
}
