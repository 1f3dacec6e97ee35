import { reshapeLike } from "../gradient/broadcast.js";
import type { InferenceContext } from "../graph/inference-context.js";
import type { TensorType } from "../graph/tensor-type.js";
import { shapeOf } from "./fill.js";
import { scalarLike } from "../gradient/add-to.js";
import type { Operator } from "./operator.js";
import { outputDims, windowOf } from "./window.js";

/** The largest element of each window, which alone gets its gradient; the train graph keeps where it was. */
export const maxPool: Operator = {
  type: "MaxPool",
  unchangedSince: 1,
  infer: pooledTypes,

  trainingForm({ node }) {
    const [output = "", indices] = node.outputs;
    if (indices !== undefined && indices !== "") return [node];
    return [{ ...node, outputs: [output, `${output}/indices`] }];
  },

  gradient(context) {
    const { graph, node, inference } = context;
    const x = context.input(0);
    if (inference.int("storage_order", 0) !== 0) {
      return inference.fail("ONNX_UNSUPPORTED_OPERATOR", "column-major indices", "leave storage_order at 0");
    }
    const flat = (value: string): string => graph.op("Reshape", [value, graph.constant([-1], "int64")]);
    const size = graph.op("Reshape", [graph.op("Size", [x]), graph.constant([1], "int64")]);
    const zeros = graph.op("Expand", [scalarLike(graph, x, 0), size]);
    const places = flat(node.outputs[1] ?? "");
    const attributes = { axis: 0, ...(overlaps(inference) ? { reduction: "add" } : {}) };
    const sum = graph.op("ScatterElements", [zeros, places, flat(context.outputGradient())], attributes);
    const shape = graph.typeOf(x)?.shape;
    return [shape === undefined ? graph.op("Reshape", [sum, shapeOf(graph, x)]) : reshapeLike(graph, sum, x)];
  },
};

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
