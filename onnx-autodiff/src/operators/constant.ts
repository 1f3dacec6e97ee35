import type { InferenceContext } from "../graph/inference-context.js";
import { findAttribute } from "../onnx/attributes.js";
import { elementTypeOf } from "../onnx/element-type.js";
import { decodeTensor } from "../onnx/tensor.js";
import type { Operator } from "./operator.js";
import type { TensorType } from "../graph/tensor-type.js";

/** Contents of larger constants are not shapes and need not be read. */
const MAX_CONTENTS = 64;

export const constant: Operator = {
  type: "Constant",
  unchangedSince: 1,
  infer: (context) => [constantType(context)],

  contents(context) {
    const { node } = context;
    const tensor = findAttribute(node, "value")?.tensor;
    const int = findAttribute(node, "value_int")?.int;
    if (int !== undefined) return [Number(int)];
    if (tensor === undefined) return context.ints("value_ints");
    const isInteger =
      elementTypeOf(tensor.dataType) === "int64" || elementTypeOf(tensor.dataType) === "int32";
    const isSmall = tensor.dims.length <= 1 && (tensor.dims[0] ?? 1) <= MAX_CONTENTS;
    return isInteger && isSmall ? Array.from(decodeTensor(tensor).data, Number) : undefined;
  },
};

function constantType(context: InferenceContext): TensorType | undefined {
  const { node } = context;
  const tensor = findAttribute(node, "value")?.tensor;
  const ints = context.ints("value_ints");
  const floats = findAttribute(node, "value_floats")?.floats;
  if (tensor !== undefined) {
    const elementType = elementTypeOf(tensor.dataType);
    return elementType === undefined ? undefined : { elementType, shape: tensor.dims };
  }
  if (ints !== undefined) return { elementType: "int64", shape: [ints.length] };
  if (floats !== undefined) return { elementType: "float32", shape: [floats.length] };
  if (findAttribute(node, "value_int") !== undefined) return { elementType: "int64", shape: [] };
  return findAttribute(node, "value_float") === undefined ? undefined : { elementType: "float32", shape: [] };
}
