import * as z from "zod/mini";
import { FedgeError } from "../errors.js";
import { MAX_TENSORS } from "../limits.js";
import type { ElementType } from "../manifest.js";
import { decodeWith, nonNegativeInt } from "../schema.js";

export type TensorData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;

/** A tensor with its values, row-major. */
export interface NamedTensor {
  readonly name: string;
  readonly elementType: ElementType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface Safetensors {
  readonly tensors: NamedTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

const MAX_HEADER_BYTES = 1024 * 1024;
const ALIGNMENT = 8;

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

const entrySchema = z.object({
  dtype: z.enum(["F32", "F64", "I64", "I32", "U8", "BOOL"]),
  shape: z.array(nonNegativeInt).check(z.maxLength(16)),
  data_offsets: z.tuple([nonNegativeInt, nonNegativeInt]),
});

/**
 * The tensors as one safetensors file (huggingface/safetensors, "Format"). Equal input gives equal bytes: tensors
 * keep their order, the header is padded with spaces so that the data begins at a multiple of 8.
 */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  let offset = 0;
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  for (const tensor of tensors) {
    const end = offset + tensor.data.byteLength;
    entries.push([
      tensor.name,
      { dtype: DTYPE_OF[tensor.elementType], shape: tensor.shape, data_offsets: [offset, end] },
    ]);
    offset = end;
  }
  // A list of pairs, because an object would put names that look like integers first.
  const json = `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(",")}}`;
  const text = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(8 + headerBytes + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8 + text.length, 8 + headerBytes);
  file.set(text, 8);
  let at = 8 + headerBytes;
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
  const { __metadata__: metadata, ...entries } = header.json;
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

function readHeader(file: Uint8Array): { json: Record<string, unknown>; dataStart: number } {
  if (file.byteLength < 8) throw malformed("shorter than its header length");
  const length = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES) || Number(length) > file.byteLength - 8)
    throw malformed(`header of ${length} bytes`);
  const dataStart = 8 + Number(length);
  const json = parseJson(file.subarray(8, dataStart));
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw malformed("header is not a JSON object");
  return { json: json as Record<string, unknown>, dataStart };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FedgeError("TENSORS_MALFORMED", "safetensors: header is not UTF-8 JSON", { cause });
  }
}

function decodeEntry(
  name: string,
  value: unknown,
): { elementType: ElementType; shape: number[]; start: number; end: number } {
  if (name.length === 0 || name.length > 512)
    throw malformed("tensor name is empty or longer than 512 characters");
  const entry = decodeWith(entrySchema, value, {
    what: `safetensors entry "${name}"`,
    code: "TENSORS_MALFORMED",
  });
  const elementType = DTYPES[entry.dtype];
  const [start, end] = entry.data_offsets;
  const sizeBytes = entry.shape.reduce((product, size) => product * size, ELEMENT_BYTES[elementType]);
  if (!Number.isSafeInteger(sizeBytes) || end - start !== sizeBytes) {
    throw malformed(`tensor "${name}" has ${end - start} bytes; its shape takes ${sizeBytes}`);
  }
  return { elementType, shape: entry.shape, start, end };
}

function decodeMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  const context = { what: "safetensors metadata", code: "TENSORS_MALFORMED" } as const;
  return decodeWith(z.record(z.string(), z.string()), value, context);
}

function viewAs(elementType: ElementType, bytes: Uint8Array): TensorData {
  const size = ELEMENT_BYTES[elementType];
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
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

function malformed(what: string): FedgeError {
  return new FedgeError("TENSORS_MALFORMED", `safetensors: ${what}`);
}
