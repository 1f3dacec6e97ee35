import {
  FedgeError,
  numValues,
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
  const refuse = (reason: string): never => {
    throw new FedgeError(code, `"${port.name}" ${reason}`);
  };
  if (isWhole(given)) return given;
  // Apps without types may give anything: what is no list is one value, and refused as such.
  const data = toData(port, isList(given) ? given : [given], refuse);
  const [first, ...rest] = port.shape;
  if (rest.includes(null)) return refuse(`has shape ${shapeText(port)}; give { shape, data }`);
  const width = numValues(rest as number[]);
  const isCounted = first === null;
  const count = isCounted ? data.length / width : (first ?? 1);
  if (!Number.isInteger(count) || count * width !== data.length)
    refuse(`takes ${isCounted ? `a multiple of ${width}` : count * width} values; ${data.length} were given`);
  return { shape: first === undefined ? [] : [count, ...(rest as number[])], data };
}

function isWhole(given: TensorLike | null): given is TensorValue {
  return Array.isArray((given as Partial<TensorValue> | null)?.shape);
}

function isList(given: object | number | bigint | null): given is Exclude<TensorLike, number | bigint> {
  return typeof given === "object" && given !== null && "length" in given;
}

/** As people read it: `[any, 28, 28]`. */
export function shapeText({ shape }: PortShape): string {
  return `[${shape.map((size) => size ?? "any").join(", ")}]`;
}

function toData(
  { elementType }: PortShape,
  values: TensorData | readonly (number | bigint)[],
  refuse: (reason: string) => never,
): TensorData {
  const Wanted = TENSOR_ARRAYS[elementType];
  if (values instanceof Wanted) return values;
  const data = new Wanted(values.length);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number | bigint;
    if (!isNumber(value, elementType)) refuse(`takes ${elementType} values; value ${at} is none`);
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
