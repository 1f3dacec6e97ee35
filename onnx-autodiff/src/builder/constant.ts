import type { ElementType } from "../onnx/element-type.js";
import { findAttribute } from "../onnx/attributes.js";
import type { NodeProto } from "../onnx/proto.js";
import { decodeTensor, type Tensor } from "../onnx/tensor.js";

export type ConstantValues = number | readonly number[];

/** A scalar for a number, a vector for a list. int64, float32, float64 and bool suffice for generated graphs. */
export function constantTensor(values: ConstantValues, elementType: ElementType): Tensor {
  const list = typeof values === "number" ? [values] : values;
  const shape = typeof values === "number" ? [] : [values.length];
  return { elementType, shape, data: toData(list, elementType) };
}

function toData(list: readonly number[], elementType: ElementType): Tensor["data"] {
  switch (elementType) {
    case "int64":
      return BigInt64Array.from(list, BigInt);
    case "float64":
      return Float64Array.from(list);
    case "bool":
      return Uint8Array.from(list);
    default:
      return Float32Array.from(list);
  }
}

/** Value of a Constant node; undefined for text and sparse values. */
export function constantValue(node: NodeProto): Tensor | undefined {
  const tensor = findAttribute(node, "value")?.tensor;
  if (tensor !== undefined) return decodeTensor(tensor);
  const int = findAttribute(node, "value_int")?.int;
  if (int !== undefined) return constantTensor(Number(int), "int64");
  const float = findAttribute(node, "value_float")?.float;
  if (float !== undefined) return constantTensor(float, "float32");
  const ints = findAttribute(node, "value_ints")?.ints;
  if (ints !== undefined) return constantTensor(ints.map(Number), "int64");
  const floats = findAttribute(node, "value_floats")?.floats;
  return floats === undefined ? undefined : constantTensor(floats, "float32");
}
