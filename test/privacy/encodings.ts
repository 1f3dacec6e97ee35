import { readRecorded, type RecordedBytes } from "./recorded-bytes.js";

/** A text, or a row of word ids, as it may stand in bytes. */
export type Trace = { readonly encoding: string } & (
  { readonly bytes: Buffer } | { readonly isIn: (recorded: RecordedBytes) => boolean }
);

/** Shorter words turn up by chance among the letters of an update. */
const LEAST_LETTERS = 7;
/** Rows of so many bytes turn up by chance in an update only once in a thousand years. */
const LEAST_BYTES = 5;
/** What an app may call the word that was typed. */
const LABEL = /"(?:label|truth|target|typed|word|token)s?(?:id)?":\s*"?\[*\s*"?(\d+)\b/g;

/** Every way in which a text may be written that keeps it readable. */
export function tracesOfText(text: string): Trace[] {
  const [utf8, utf16] = [Buffer.from(text, "utf8"), Buffer.from(text, "utf16le")];
  const traces: readonly Trace[] = [
    { encoding: "UTF-8", bytes: utf8 },
    { encoding: "UTF-16LE", bytes: utf16 },
    { encoding: "UTF-16BE", bytes: Buffer.from(utf16).swap16() },
    { encoding: "hexadecimal", bytes: Buffer.from(utf8.toString("hex")) },
    { encoding: "reversed", bytes: Buffer.from(utf8).reverse() },
    { encoding: "percent-encoded", bytes: Buffer.from(percentEncoded(utf8)) },
    { encoding: "code points of 32 bits", bytes: numbers(text, 4) },
    { encoding: "code points of 64 bits", bytes: numbers(text, 8) },
    ...listTraces(
      "hexadecimal bytes",
      [...utf8].map((byte) => byte.toString(16).padStart(2, "0")),
    ),
    { encoding: "JSON escapes", bytes: Buffer.from(escaped(text, (hex) => `\\u${hex.padStart(4, "0")}`)) },
    { encoding: "hexadecimal HTML entities", bytes: Buffer.from(escaped(text, (hex) => `&#x${hex};`)) },
    { encoding: "decimal code points or HTML entities", isIn: holdsRow([...utf8]) },
  ];
  const letters = text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const apart: Trace = {
    encoding: "letters taken apart",
    isIn: (recorded) => recorded.letters.includes(letters),
  };
  return [
    ...traces,
    ...(letters.length < LEAST_LETTERS ? [] : [apart]),
    ...base64TracesOf(utf8, "base64"),
    ...base64TracesOf(utf16, "base64 of UTF-16LE"),
    ...base64TracesOf(Buffer.from(utf16).swap16(), "base64 of UTF-16BE"),
  ];
}

/** Words as a list in JSON, with and without spaces. */
export function tracesOfList(words: readonly string[]): Trace[] {
  return listTraces(
    "JSON list",
    words.map((word) => JSON.stringify(word)),
  );
}

/** A row of word ids in every width and byte order, as it is and as text, and as JSON and people would write it. */
export function tracesOfIds(ids: readonly number[]): Trace[] {
  const rows = Object.entries(WIDTHS).flatMap(([width, toBytes]) => {
    const little = toBytes(ids);
    return [
      { name: `${width} ids`, bytes: little },
      { name: `${width} ids, big endian`, bytes: swapped(little, little.length / ids.length) },
    ];
  });
  return [
    ...rows.flatMap(({ name, bytes }) => [
      { encoding: name, bytes },
      { encoding: `${name}, hexadecimal`, bytes: Buffer.from(bytes.toString("hex")) },
      ...base64TracesOf(bytes, `${name}, base64`),
    ]),
    ...packedTraces(ids),
    { encoding: "numbers written out", isIn: holdsRow(ids) },
    { encoding: "numbers written out, sorted", isIn: holdsRow([...new Set(ids)].sort((a, b) => a - b)) },
  ];
}

/** One word's id, called what an app may call the word that was typed. */
export function traceOfLabel(id: number): Trace {
  return {
    encoding: `the label ${id}`,
    isIn: ({ lower }) =>
      [...lower.toString("latin1").matchAll(LABEL)].some(([, found]) => Number(found) === id),
  };
}

/** As binary formats write small numbers in few bytes. */
function packedTraces(ids: readonly number[]): Trace[] {
  const traces = [
    { encoding: "varint ids", bytes: Buffer.from(ids.flatMap(varint)) },
    { encoding: "MessagePack ids", bytes: Buffer.from(ids.flatMap(messagePacked)) },
    ...(ids.every((id) => id < 256) ? [{ encoding: "8-bit ids", bytes: Buffer.from(ids) }] : []),
  ];
  return traces.filter(({ bytes }) => bytes.length >= LEAST_BYTES);
}

/** LEB128, as Protocol Buffers has it. */
function varint(id: number): number[] {
  return id < 128 ? [id] : [(id & 127) | 128, ...varint(id >> 7)];
}

function messagePacked(id: number): number[] {
  if (id < 128) return [id];
  return id < 256 ? [0xcc, id] : [0xcd, id >> 8, id & 255];
}

/** A number may come with others of its own: its place in the row, a count, a time. */
const MAX_STRIDE = 4;

/** Whether the numbers are written out one after the other, each alone or with equally many others. */
function holdsRow(row: readonly number[]): (recorded: RecordedBytes) => boolean {
  return ({ numbers: all }) => {
    const isRowAt = (at: number, stride: number): boolean =>
      row.every((number, ahead) => all[at + ahead * stride] === number);
    const strides = Array.from({ length: MAX_STRIDE }, (_, before) => before + 1);
    return all.some((number, at) => number === row[0] && strides.some((stride) => isRowAt(at, stride)));
  };
}

function escaped(text: string, escape: (hex: string) => string): string {
  return [...text].map((char) => escape((char.codePointAt(0) ?? 0).toString(16))).join("");
}

const WIDTHS: Readonly<Record<string, (ids: readonly number[]) => Buffer>> = {
  "16-bit": (ids) => Buffer.from(Uint16Array.from(ids).buffer),
  "32-bit": (ids) => Buffer.from(Int32Array.from(ids).buffer),
  "64-bit": (ids) => Buffer.from(BigInt64Array.from(ids.map(BigInt)).buffer),
  "32-bit float": (ids) => Buffer.from(Float32Array.from(ids).buffer),
  "64-bit float": (ids) => Buffer.from(Float64Array.from(ids).buffer),
};

/** The other byte order. */
function swapped(bytes: Buffer, width: number): Buffer {
  return Buffer.concat(
    Array.from({ length: bytes.length / width }, (_, at) =>
      Buffer.from(bytes.subarray(at * width, (at + 1) * width)).reverse(),
    ),
  );
}

function listTraces(name: string, items: readonly string[]): Trace[] {
  return [",", ", ", " ", ":", "-"].map((separator) => ({
    encoding: `${name}, separated by "${separator}"`,
    bytes: Buffer.from(items.join(separator)),
  }));
}

/** Base64 looks different at each of the three places in a group of three bytes. */
function base64TracesOf(bytes: Buffer, name: string): Trace[] {
  return [0, 1, 2].flatMap((before) => {
    const certain = certainBase64(bytes, before);
    const url = certain.replaceAll("+", "-").replaceAll("/", "_");
    return [
      { encoding: `${name}, shifted by ${before}`, bytes: Buffer.from(certain) },
      { encoding: `${name}url, shifted by ${before}`, bytes: Buffer.from(url) },
    ];
  });
}

/** The letters, six bits each, that hold nothing but the bytes, whatever stands `before` and after them (RFC 4648). */
export function certainBase64(bytes: Buffer, before: number): string {
  const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  return whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
}

/** The encodings in which the bytes hold one of the traces, packed or not. */
export function found(traces: readonly Trace[], bytes: Buffer): string[] {
  const all = readRecorded(bytes);
  return traces
    .filter((trace) => all.some((recorded) => isIn(trace, recorded)))
    .map(({ encoding }) => encoding);
}

function isIn(trace: Trace, recorded: RecordedBytes): boolean {
  if ("isIn" in trace) return trace.isIn(recorded);
  return recorded.raw.includes(trace.bytes) || recorded.lower.includes(trace.bytes);
}

function percentEncoded(bytes: Buffer): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

function numbers(text: string, width: 4 | 8): Buffer {
  const codes = [...text].map((char) => char.codePointAt(0) ?? 0);
  const array = width === 4 ? Int32Array.from(codes) : BigInt64Array.from(codes.map(BigInt));
  return Buffer.from(array.buffer);
}
