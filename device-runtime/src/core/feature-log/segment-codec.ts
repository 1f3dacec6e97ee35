import { FedgeError, type TensorData } from "@fedge/protocol";
import * as z from "zod/mini";
import type { TensorValue, TensorValues } from "../ports/engine.js";
import { TENSOR_ARRAYS, elementTypeOf } from "../serving/tensor-types.js";
import type { LogRow } from "./log-row.js";
import { MAX_SEGMENT_ROWS } from "./log-keys.js";
import { isPredictionId, timeOfPrediction } from "./prediction-ids.js";
import { dataBytesOf, padded, tensorsOf } from "./row-sizes.js";
import { shadowAnswer } from "./shadow-answer.js";

/*
 * One value for rows that were written together, none of them labelled or explained. Little-endian:
 *
 *   4 bytes   "FLS1"
 *   4 bytes   length of the head, a multiple of 8
 *   head      JSON { forms, rows }, filled up with spaces. A form is what rows have in common: model, version, names,
 *             types and shapes; a row is its id, which form it has, what was noted of it and what a shadow made of it
 *   data      of each row its inputs, then its outputs, each filled up to a multiple of 8
 *
 * A head for each row cost more than all the rest of writing it.
 */
const MAGIC = 0x31_53_4c_46;
const PREFIX_BYTES = 8;
const SPACE = 0x20;
const MAX_FORM_TENSORS = 4096;

const size = z.int().check(z.gte(0));
const port = z.tuple([
  z.string(),
  z.enum(["float32", "float64", "int64", "int32", "uint8"]),
  z.array(size).check(z.maxLength(16)),
]);
const ports = z.array(port).check(z.maxLength(MAX_FORM_TENSORS));
const field = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const row = z.object({
  id: z.string().check(z.refine(isPredictionId)),
  form: size,
  fields: z.optional(z.record(z.string(), field)),
  shadow: shadowAnswer,
});
const head = z.object({
  forms: z
    .array(z.object({ model: z.string(), version: z.number(), inputs: ports, outputs: z.nullable(ports) }))
    .check(z.maxLength(MAX_SEGMENT_ROWS)),
  rows: z.array(row).check(z.minLength(1), z.maxLength(MAX_SEGMENT_ROWS)),
});

type Port = z.infer<typeof port>;
type Form = z.infer<typeof head>["forms"][number];

/** The rows as one value. They are neither labelled nor explained: those that are lie alone. */
export function encodeSegment(rows: readonly LogRow[]): Uint8Array {
  const forms = new Map<string, number>();
  const heads = rows.map((logRow) => {
    const form = JSON.stringify(formOf(logRow));
    const at = forms.get(form) ?? forms.size;
    forms.set(form, at);
    const { id, fields, shadow } = logRow;
    return { id, form: at, ...(Object.keys(fields).length === 0 ? {} : { fields }), shadow };
  });
  const text = new TextEncoder().encode(
    `{"forms":[${[...forms.keys()].join()}],"rows":${JSON.stringify(heads)}}`,
  );
  const dataStart = PREFIX_BYTES + padded(text.length);
  const bytes = new Uint8Array(rows.reduce((sum, logRow) => sum + dataBytesOf(logRow), dataStart));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, dataStart - PREFIX_BYTES, true);
  bytes.fill(SPACE, PREFIX_BYTES, dataStart);
  bytes.set(text, PREFIX_BYTES);
  let at = dataStart;
  for (const { inputs, outputs } of rows) {
    for (const { data } of tensorsOf(inputs, outputs)) {
      bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
      at += padded(data.byteLength);
    }
  }
  return bytes;
}

/** The rows; their tensors are views of the bytes. Throws STORAGE_FAILED for bytes that are no segment. */
export function decodeSegment(given: Uint8Array): LogRow[] {
  try {
    // A typed array begins at a multiple of its element's size.
    const bytes = given.byteOffset % 8 === 0 ? given : given.slice();
    const { forms, rows, dataStart } = headOf(bytes);
    const read = { bytes, at: dataStart };
    const decoded = rows.map(({ id, form: at, fields = {}, shadow }) => {
      const form = forms[at];
      if (form === undefined) throw new RangeError(`row ${id} has form ${at} of ${forms.length}`);
      return decodedRow({ id, fields, ...(shadow === undefined ? {} : { shadow }) }, form, read);
    });
    if (read.at !== bytes.byteLength)
      throw new RangeError(`${bytes.byteLength - read.at} bytes are no row's`);
    return decoded;
  } catch (cause) {
    throw new FedgeError("STORAGE_FAILED", "a part of the feature log cannot be read; erase it", { cause });
  }
}

function headOf(bytes: Uint8Array): z.infer<typeof head> & { readonly dataStart: number } {
  if (bytes.byteLength < PREFIX_BYTES) throw new RangeError("shorter than its prefix");
  const view = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES);
  const headBytes = view.getUint32(4, true);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError("no segment");
  if (headBytes % 8 !== 0 || headBytes > bytes.byteLength - PREFIX_BYTES)
    throw new RangeError(`a head of ${headBytes} bytes in ${bytes.byteLength}`);
  const dataStart = PREFIX_BYTES + headBytes;
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(PREFIX_BYTES, dataStart));
  return { ...z.parse(head, JSON.parse(text)), dataStart };
}

function decodedRow(
  { id, ...noted }: Pick<LogRow, "id" | "fields" | "shadow">,
  { model, version, inputs, outputs }: Form,
  read: { readonly bytes: Uint8Array; at: number },
): LogRow {
  const valuesOf = (named: readonly Port[]): TensorValues =>
    Object.fromEntries(named.map((each) => [each[0], nextTensor(each, read)]));
  return {
    ...{ id, atMs: timeOfPrediction(id), model, version },
    inputs: valuesOf(inputs),
    outputs: outputs === null ? null : valuesOf(outputs),
    ...{ ...noted, label: null, labelledAtMs: null, explanation: null },
  };
}

function nextTensor([, type, shape]: Port, read: { readonly bytes: Uint8Array; at: number }): TensorValue {
  const { bytes, at } = read;
  const Container = TENSOR_ARRAYS[type] as unknown as ContainerType;
  const length = shape.reduce((product, axis) => product * axis, 1);
  const sizeBytes = length * Container.BYTES_PER_ELEMENT;
  // Checked before anything of that length is made.
  if (!(padded(sizeBytes) <= bytes.byteLength - at)) throw new RangeError(`a tensor of ${sizeBytes} bytes`);
  read.at += padded(sizeBytes);
  return { shape, data: new Container(bytes.buffer, bytes.byteOffset + at, length) };
}

interface ContainerType {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TensorData;
}

function formOf({ model, version, inputs, outputs }: LogRow): Form {
  return { model, version, inputs: portsOf(inputs), outputs: outputs === null ? null : portsOf(outputs) };
}

function portsOf(values: TensorValues): Port[] {
  return Object.entries(values).map(([name, { shape, data }]) => [
    name,
    elementTypeOf(data) as Port[1],
    [...shape],
  ]);
}
