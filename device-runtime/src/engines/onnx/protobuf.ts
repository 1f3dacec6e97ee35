import { FedgeError } from "@fedge/protocol";

/** One field of a message (protobuf encoding, "Message Structure"), as views of the message. */
export interface Field {
  readonly number: number;
  /** Tag and value, as they stood. */
  readonly bytes: Uint8Array;
  /** Content of a length-delimited field; empty for other wire types. */
  readonly body: Uint8Array;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** The fields of a message in their order. Throws ENGINE_FAILED for what is not a message. */
export function readFields(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  while (at < message.byteLength) {
    const tag = readVarint(message, at);
    const value = valueRange(message, tag.end, tag.value % 8);
    fields.push({
      number: Math.floor(tag.value / 8),
      bytes: message.subarray(at, value.end),
      body: message.subarray(value.bodyStart, value.end),
    });
    at = value.end;
  }
  return fields;
}

export function encodeField(number: number, body: Uint8Array): Uint8Array {
  const head = [...varint(number * 8 + LENGTH_DELIMITED), ...varint(body.byteLength)];
  const field = new Uint8Array(head.length + body.byteLength);
  field.set(head, 0);
  field.set(body, head.length);
  return field;
}

export function encodeVarintField(number: number, value: number): Uint8Array {
  return new Uint8Array([...varint(number * 8 + VARINT), ...varint(value)]);
}

function valueRange(
  message: Uint8Array,
  start: number,
  wireType: number,
): { bodyStart: number; end: number } {
  const range = rangeOf(message, start, wireType);
  if (range.end > message.byteLength) throw new FedgeError("ENGINE_FAILED", "ONNX model is truncated");
  return range;
}

function rangeOf(message: Uint8Array, start: number, wireType: number): { bodyStart: number; end: number } {
  const empty = (end: number): { bodyStart: number; end: number } => ({ bodyStart: end, end });
  switch (wireType) {
    case VARINT:
      return empty(readVarint(message, start).end);
    case FIXED64:
      return empty(start + 8);
    case FIXED32:
      return empty(start + 4);
    case LENGTH_DELIMITED: {
      const length = readVarint(message, start);
      return { bodyStart: length.end, end: length.end + length.value };
    }
    default:
      throw new FedgeError("ENGINE_FAILED", `ONNX model has a field of wire type ${wireType}`);
  }
}

/** Values above 2^53 lose their low bits; here they are only skipped, never used. */
function readVarint(message: Uint8Array, start: number): { value: number; end: number } {
  let [value, factor] = [0, 1];
  for (let at = start; at < start + 10; at += 1) {
    const byte = message[at];
    if (byte === undefined) break;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: at + 1 };
    factor *= 128;
  }
  throw new FedgeError("ENGINE_FAILED", "ONNX model is truncated or no ONNX model");
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}
