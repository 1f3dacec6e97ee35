import { FedgeError } from "@fedge/protocol";

/** Element types by the names that onnxruntime's JavaScript API gives them. */
export type ElementType =
  | "float32"
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "int32"
  | "int64"
  | "string"
  | "bool"
  | "float16"
  | "float64"
  | "uint32"
  | "uint64"
  | "bfloat16";

export type TensorData =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigInt64Array
  | BigUint64Array;

interface DataConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TensorData;
}

interface ElementTypeRow {
  readonly name: ElementType;
  /** TensorProto.DataType. */
  readonly code: number;
  /** Absent for text. float16, bfloat16 hold their bit patterns; bool holds 0 or 1. */
  readonly array?: DataConstructor;
}

const ROWS: readonly ElementTypeRow[] = [
  { name: "float32", code: 1, array: Float32Array },
  { name: "uint8", code: 2, array: Uint8Array },
  { name: "int8", code: 3, array: Int8Array },
  { name: "uint16", code: 4, array: Uint16Array },
  { name: "int16", code: 5, array: Int16Array },
  { name: "int32", code: 6, array: Int32Array },
  { name: "int64", code: 7, array: BigInt64Array },
  { name: "string", code: 8 },
  { name: "bool", code: 9, array: Uint8Array },
  { name: "float16", code: 10, array: Uint16Array },
  { name: "float64", code: 11, array: Float64Array },
  { name: "uint32", code: 12, array: Uint32Array },
  { name: "uint64", code: 13, array: BigUint64Array },
  { name: "bfloat16", code: 16, array: Uint16Array },
];

const BY_CODE: ReadonlyMap<number, ElementTypeRow> = new Map(ROWS.map((row) => [row.code, row]));
const BY_NAME: ReadonlyMap<string, ElementTypeRow> = new Map(ROWS.map((row) => [row.name, row]));

/** Element type of a TensorProto.DataType; undefined for types that this package does not read. */
export function elementTypeOf(code: number): ElementType | undefined {
  return BY_CODE.get(code)?.name;
}

/** TensorProto.DataType of an element type. Throws `ONNX_OPTION_INVALID` for a name that is not one. */
export function dataTypeOf(elementType: ElementType): number {
  const row = BY_NAME.get(elementType);
  if (row === undefined) {
    throw new FedgeError(
      "ONNX_OPTION_INVALID",
      `"${String(elementType)}" is not an element type; use one of ${ROWS.map((r) => r.name).join(", ")}`,
    );
  }
  return row.code;
}

/** Constructor of the typed array that holds an element type; undefined for text. */
export function dataConstructorOf(elementType: ElementType): DataConstructor | undefined {
  return BY_NAME.get(elementType)?.array;
}

/** True for the types that gradients exist for. */
export function isDifferentiable(elementType: ElementType): boolean {
  return elementType === "float32" || elementType === "float64";
}
