import {
  FedgeError,
  type ElementType,
  type ErrorCode,
  type PortShape,
  type TensorData,
} from "@fedge/protocol";
import type { TensorValue } from "../ports/engine.js";

/** What holds the values of each element type. */
export const TENSOR_ARRAYS: Readonly<Record<ElementType, new (length: number) => TensorData>> = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** What an app may give where a tensor is wanted: a whole one, or its values alone. */
export type TensorLike = TensorValue | TensorData | readonly number[] | readonly bigint[] | number | bigint;

/** The element type that such an array holds; bytes count as numbers, not as booleans. */
export function elementTypeOf(data: TensorData): ElementType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Float64Array) return "float64";
  return "uint8";
}

/**
 * The tensor that the port takes. Values alone get the port's type, and its shape where at most the first axis is
 * open, which then counts them. Throws the code for numbers that fit neither.
 */
export function toTensor(port: PortShape, given: TensorLike, code: ErrorCode): TensorValue {
  if (typeof given === "object" && "data" in given && "shape" in given) return given;
  const isOne = typeof given === "number" || typeof given === "bigint";
  const data = toData(port, isOne ? [given] : given, code);
  const [first, ...rest] = port.shape;
  if (rest.includes(null)) {
    const shape = port.shape.map((size) => size ?? "any").join(", ");
    throw new FedgeError(code, `"${port.name}" has shape [${shape}]; give { shape, data }`);
  }
  const width = (rest as number[]).reduce((product, size) => product * size, 1);
  const isCounted = first === null;
  const count = isCounted ? data.length / width : (first ?? 1);
  if (!Number.isInteger(count) || count * width !== data.length) {
    const wanted = isCounted ? `a multiple of ${width}` : `${count * width}`;
    throw new FedgeError(code, `"${port.name}" takes ${wanted} values; ${data.length} were given`);
  }
  return { shape: first === undefined ? [] : [count, ...(rest as number[])], data };
}

function toData(
  port: PortShape,
  values: TensorData | readonly (number | bigint)[],
  code: ErrorCode,
): TensorData {
  const Wanted = TENSOR_ARRAYS[port.elementType];
  if (values instanceof Wanted) return values;
  const data = new Wanted(values.length);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number | bigint;
    if (!isNumber(value, port.elementType))
      throw new FedgeError(code, `"${port.name}" takes ${port.elementType} values; value ${at} is none`);
    data[at] = (data instanceof BigInt64Array ? BigInt(value) : Number(value)) as never;
  }
  return data;
}

const RANGES: Partial<Record<ElementType, readonly [number, number]>> = {
  int64: [-(2 ** 63), 2 ** 63 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint8: [0, 255],
  bool: [0, 1],
};

/** A fraction is no integer, and what does not fit would come out as another number. */
function isNumber(value: unknown, elementType: ElementType): boolean {
  if (typeof value !== "number" && typeof value !== "bigint") return false;
  const range = RANGES[elementType];
  if (range === undefined) return true;
  return (typeof value === "bigint" || Number.isInteger(value)) && value >= range[0] && value <= range[1];
}
