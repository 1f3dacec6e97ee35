import * as z from "zod/mini";
import { MAX_TENSORS } from "../limits.js";
import { dimension, type ElementType } from "../manifest.js";
import { decodeWith, nonNegativeInt } from "../schema.js";
import { numValues } from "./num-values.js";
import { malformed, readHeader, writeHeader } from "./safetensors-header.js";

export type TensorData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;

/** A tensor with its values, row-major. */
export interface NamedTensor {
  readonly name: string;
  readonly elementType: ElementType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: NamedTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

const METADATA = "__metadata__";
const MAX_NAME_LENGTH = 512;

const DTYPES = {
  F32: "float32",
  F64: "float64",
  I64: "int64",
  I32: "int32",
  U8: "uint8",
  BOOL: "bool",
} as const;
type Dtype = keyof typeof DTYPES;
const DTYPE_OF = Object.fromEntries(Object.entries(DTYPES).map(([dtype, type]) => [type, dtype])) as Record<
  ElementType,
  Dtype
>;
const ELEMENT_BYTES: Record<ElementType, number> = {
  float32: 4,
  float64: 8,
  int64: 8,
  int32: 4,
  uint8: 1,
  bool: 1,
};
const CONTAINERS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

const entrySchema = z.object({
  dtype: z.enum(["F32", "F64", "I64", "I32", "U8", "BOOL"]),
  shape: z.array(dimension).check(z.maxLength(16)),
  data_offsets: z.tuple([nonNegativeInt, nonNegativeInt]),
});

/**
 * The tensors as one safetensors file (huggingface/safetensors, "Format"). Equal input gives equal bytes: tensors
 * keep their order, metadata is sorted by key, the header is padded with spaces so that the data begins at a
 * multiple of 8.
 *
 * Throws TENSORS_MALFORMED for what `decodeSafetensors` would refuse.
 */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  requireEncodable(tensors);
  let dataBytes = 0;
  const fields: [string, unknown][] = [];
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) fields.push([METADATA, Object.fromEntries(keys.map((key) => [key, metadata[key]]))]);
  for (const { name, elementType, shape, data } of tensors) {
    const start = dataBytes;
    dataBytes += data.byteLength;
    fields.push([name, { dtype: DTYPE_OF[elementType], shape, data_offsets: [start, dataBytes] }]);
  }
  const { file, dataStart } = writeHeader(fields, dataBytes);
  let at = dataStart;
  for (const { data } of tensors) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/**
 * The tensors of a file, in the order of their data; views where the alignment allows, copies where not.
 *
 * Throws TENSORS_MALFORMED for a header that is not what the format says, or data that is not exactly what it names.
 */
export function decodeSafetensors(file: Uint8Array): Safetensors {
  const header = readHeader(file);
  const { [METADATA]: metadata, ...entries } = header.json;
  const names = Object.keys(entries);
  if (names.length > MAX_TENSORS) throw malformed(`${names.length} tensors; at most ${MAX_TENSORS}`);
  const data = file.subarray(header.dataStart);
  const tensors = names.map((name) => ({ name, ...decodeEntry(name, entries[name]) }));
  tensors.sort((one, other) => one.start - other.start || one.end - other.end);
  let expectedStart = 0;
  for (const { name, start, end } of tensors) {
    if (start !== expectedStart) throw malformed(`tensor "${name}" leaves a hole or overlaps another`);
    expectedStart = end;
  }
  if (expectedStart !== data.byteLength)
    throw malformed(`${data.byteLength} bytes of data; the header names ${expectedStart}`);
  return {
    tensors: tensors.map(({ name, elementType, shape, start, end }) => ({
      name,
      elementType,
      shape,
      data: viewAs(elementType, data.subarray(start, end)),
    })),
    metadata: decodeMetadata(metadata),
  };
}

function requireEncodable(tensors: readonly NamedTensor[]): void {
  if (tensors.length > MAX_TENSORS) throw malformed(`${tensors.length} tensors; at most ${MAX_TENSORS}`);
  const names = new Set<string>();
  for (const { name, elementType, shape, data } of tensors) {
    requireName(name);
    if (name === METADATA || names.has(name)) throw malformed(`tensor name "${name}" is taken`);
    names.add(name);
    const sizeBytes = tensorBytes(elementType, shape);
    if (data.byteLength !== sizeBytes || !(data instanceof CONTAINERS[elementType]))
      throw malformed(
        `tensor "${name}" has ${data.byteLength} bytes; ${elementType} [${shape}] takes ${sizeBytes}`,
      );
  }
}

function decodeEntry(
  name: string,
  value: unknown,
): { elementType: ElementType; shape: number[]; start: number; end: number } {
  requireName(name);
  const entry = decodeWith(entrySchema, value, {
    what: `safetensors entry "${name}"`,
    code: "TENSORS_MALFORMED",
  });
  const elementType = DTYPES[entry.dtype];
  const [start, end] = entry.data_offsets;
  const sizeBytes = tensorBytes(elementType, entry.shape);
  if (!Number.isSafeInteger(sizeBytes) || end - start !== sizeBytes) {
    throw malformed(`tensor "${name}" has ${end - start} bytes; its shape takes ${sizeBytes}`);
  }
  return { elementType, shape: entry.shape, start, end };
}

function requireName(name: string): void {
  if (name.length === 0 || name.length > MAX_NAME_LENGTH)
    throw malformed(`tensor name is empty or longer than ${MAX_NAME_LENGTH} characters`);
}

function tensorBytes(elementType: ElementType, shape: readonly number[]): number {
  return ELEMENT_BYTES[elementType] * numValues(shape);
}

function decodeMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  const context = { what: "safetensors metadata", code: "TENSORS_MALFORMED" } as const;
  return decodeWith(z.record(z.string(), z.string()), value, context);
}

function viewAs(elementType: ElementType, bytes: Uint8Array): TensorData {
  const size = ELEMENT_BYTES[elementType];
  // Not slice(): a Node Buffer's slice is a view at the same odd offset.
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  const { buffer, byteOffset, byteLength } = aligned;
  const length = byteLength / size;
  switch (elementType) {
    case "float32":
      return new Float32Array(buffer, byteOffset, length);
    case "float64":
      return new Float64Array(buffer, byteOffset, length);
    case "int64":
      return new BigInt64Array(buffer, byteOffset, length);
    case "int32":
      return new Int32Array(buffer, byteOffset, length);
    case "uint8":
    case "bool":
      return new Uint8Array(buffer, byteOffset, length);
  }
}
