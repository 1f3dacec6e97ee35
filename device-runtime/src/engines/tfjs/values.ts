import { FedgeError, type ElementType, type PortShape, type TensorData } from "@fedge/protocol";
import type { DataType, Tensor } from "@tensorflow/tfjs-core";
import type { TensorValue, TensorValues } from "../../core/ports/engine.js";
import type { TfjsCore } from "./runtime.js";

/** tfjs has no 64-bit types: their values become the 32-bit ones, and integers must fit. */
const DATA_TYPE: Record<ElementType, DataType> = {
  float32: "float32",
  float64: "float32",
  int64: "int32",
  int32: "int32",
  uint8: "int32",
  bool: "bool",
};

/** The value as a tensor of its own. Throws ENGINE_FAILED for integers beyond 32 bits. */
export function toTensor(tf: TfjsCore, elementType: ElementType, { shape, data }: TensorValue): Tensor {
  const dtype = DATA_TYPE[elementType];
  return tf.tensor(valuesOf(dtype, data), [...shape], dtype);
}

function valuesOf(dtype: DataType, data: TensorData): Float32Array | Int32Array | Uint8Array {
  if (data instanceof BigInt64Array) return narrowed(data);
  if (dtype === "float32") return data instanceof Float32Array ? data : Float32Array.from(data);
  if (dtype === "bool") return Uint8Array.from(data);
  return data instanceof Int32Array ? data : Int32Array.from(data);
}

function narrowed(data: BigInt64Array): Int32Array {
  return Int32Array.from(data, (value) => {
    const narrow = Number(value);
    if (narrow !== (narrow | 0))
      throw new FedgeError("ENGINE_FAILED", `tfjs has no integer as large as ${value}`);
    return narrow;
  });
}

/** The tensor's values, copied out of the backend. */
export async function fromTensor(tensor: Tensor): Promise<TensorValue> {
  const data = (await tensor.data()) as Float32Array | Int32Array | Uint8Array;
  return { shape: [...tensor.shape], data: data.slice() };
}

/**
 * What the manifest calls a model's ports: their own names where it knows all of them, else those of the manifest in
 * its order. Throws ENGINE_FAILED when neither fits.
 */
export function portNames(
  what: string,
  own: readonly string[],
  ports: readonly Pick<PortShape, "name">[],
): readonly string[] {
  const names = ports.map((port) => port.name);
  if (own.every((name) => names.includes(name))) return own;
  if (names.length === own.length) return names;
  throw new FedgeError(
    "ENGINE_FAILED",
    `the layers model's ${what} [${own.join(", ")}] are not the manifest's [${names.join(", ")}]`,
  );
}

/** The inputs in the model's order. Throws ENGINE_FAILED when one is missing. */
export function inputTensors(
  tf: TfjsCore,
  names: readonly string[],
  elementTypes: ReadonlyMap<string, ElementType>,
  values: TensorValues,
): Tensor[] {
  return names.map((name) => {
    const value = values[name];
    if (value === undefined) throw new FedgeError("ENGINE_FAILED", `there is no input "${name}"`);
    return toTensor(tf, elementTypes.get(name) ?? "float32", value);
  });
}
