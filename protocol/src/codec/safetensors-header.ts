import { FedgeError } from "../errors.js";

const MAX_HEADER_BYTES = 1024 * 1024;
const ALIGNMENT = 8;
const LENGTH_BYTES = 8;

const SPACE = 0x20;
const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/**
 * A file with its header written and room for `dataBytes` behind it; `dataStart` is a multiple of 8.
 *
 * The fields are pairs, because an object would put names that look like integers first.
 * Throws TENSORS_MALFORMED when the header is larger than readers accept.
 */
export function writeHeader(
  fields: readonly (readonly [name: string, value: unknown])[],
  dataBytes: number,
): { readonly file: Uint8Array<ArrayBuffer>; readonly dataStart: number } {
  const json = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const text = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  if (headerBytes > MAX_HEADER_BYTES)
    throw malformed(`header of ${headerBytes} bytes; at most ${MAX_HEADER_BYTES}`);
  const dataStart = LENGTH_BYTES + headerBytes;
  const file = new Uint8Array(dataStart + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(SPACE, LENGTH_BYTES, dataStart);
  file.set(text, LENGTH_BYTES);
  return { file, dataStart };
}

/** The header's fields, unchecked, and where the data starts. Throws TENSORS_MALFORMED. */
export function readHeader(file: Uint8Array): {
  readonly json: Record<string, unknown>;
  readonly dataStart: number;
} {
  if (file.byteLength < LENGTH_BYTES) throw malformed("shorter than its header length");
  const length = new DataView(file.buffer, file.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES) || Number(length) > file.byteLength - LENGTH_BYTES)
    throw malformed(`header of ${length} bytes in a file of ${file.byteLength}; at most ${MAX_HEADER_BYTES}`);
  const dataStart = LENGTH_BYTES + Number(length);
  const text = file.subarray(LENGTH_BYTES, dataStart);
  if (text[0] !== 0x7b) throw malformed("header does not begin with {");
  const json = parseJson(text) as Record<string, unknown>;
  if (numTopLevelFields(text) !== Object.keys(json).length) throw malformed("header names a field twice");
  return { json, dataStart };
}

export function malformed(what: string): FedgeError {
  return new FedgeError("TENSORS_MALFORMED", `safetensors: ${what}`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FedgeError("TENSORS_MALFORMED", "safetensors: header is not UTF-8 JSON", { cause });
  }
}

/** Fields of the outermost object of valid JSON as written: `JSON.parse` keeps only the last of two equal names. */
function numTopLevelFields(json: Uint8Array): number {
  let [depth, fields, inString] = [0, 0, false];
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at] as number;
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (OPENING.has(byte)) depth += 1;
    else if (CLOSING.has(byte)) depth -= 1;
    else if (byte === COLON && depth === 1) fields += 1;
  }
  return fields;
}
