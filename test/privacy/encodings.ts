/** A text, or a row of word ids, as it may stand in bytes. */
export interface Trace {
  readonly encoding: string;
  readonly bytes: Buffer;
}

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
    { encoding: "decimal code points", bytes: Buffer.from([...utf8].join(",")) },
  ];
  return [...traces, ...base64TracesOf(utf8, "base64")];
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
    ...listTraces("decimal ids", ids.map(String)),
    ...listTraces(
      "ids in quotes",
      ids.map((id) => `"${id}"`),
    ),
  ];
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
  return [",", ", ", " "].map((separator) => ({
    encoding: `${name}, separated by "${separator}"`,
    bytes: Buffer.from(items.join(separator)),
  }));
}

/** Base64 looks different at each of the three places in a group of three bytes. */
function base64TracesOf(bytes: Buffer, name: string): Trace[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const certain = whole.slice(before === 0 ? 0 : before + 1, -4);
    const url = certain.replaceAll("+", "-").replaceAll("/", "_");
    return [
      { encoding: `${name}, shifted by ${before}`, bytes: Buffer.from(certain) },
      { encoding: `${name}url, shifted by ${before}`, bytes: Buffer.from(url) },
    ];
  });
}

/** The encodings in which the bytes hold one of the traces. */
export function found(traces: readonly Trace[], bytes: Buffer): string[] {
  const lower = Buffer.from(bytes.toString("latin1").toLowerCase(), "latin1");
  return traces
    .filter((trace) => bytes.includes(trace.bytes) || lower.includes(trace.bytes))
    .map(({ encoding }) => encoding);
}

function percentEncoded(bytes: Buffer): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

function numbers(text: string, width: 4 | 8): Buffer {
  const codes = [...text].map((char) => char.codePointAt(0) ?? 0);
  const array = width === 4 ? Int32Array.from(codes) : BigInt64Array.from(codes.map(BigInt));
  return Buffer.from(array.buffer);
}
