import type { ElementType } from "../onnx/element-type.js";
import type { Tensor } from "../onnx/tensor.js";

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
