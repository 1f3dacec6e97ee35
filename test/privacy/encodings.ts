/** A text, or a row of word ids, as it may stand in bytes. */
export interface Trace {
  readonly encoding: string;
  readonly bytes: Buffer;
}

/** Every way in which a text may be written that keeps it readable. */
export function tracesOfText(text: string): Trace[] {
  const [utf8, utf16] = [Buffer.from(text, "utf8"), Buffer.from(text, "utf16le")];
  const traces: Trace[] = [
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
  // Base64 looks different at each of the three places in a group of three bytes.
  for (let before = 0; before < 3; before += 1) {
    const whole = Buffer.concat([Buffer.alloc(before), utf8]).toString("base64");
    const certain = whole.slice(before === 0 ? 0 : before + 1, -4);
    traces.push({ encoding: `base64, shifted by ${before}`, bytes: Buffer.from(certain) });
    const url = certain.replaceAll("+", "-").replaceAll("/", "_");
    traces.push({ encoding: `base64url, shifted by ${before}`, bytes: Buffer.from(url) });
  }
  return traces;
}

/** A row of word ids as the runtime and JSON would write it. */
export function tracesOfIds(ids: readonly number[]): Trace[] {
  const wide = BigInt64Array.from(ids.map(BigInt));
  return [
    { encoding: "64-bit ids", bytes: Buffer.from(wide.buffer) },
    { encoding: "32-bit ids", bytes: Buffer.from(Int32Array.from(ids).buffer) },
    { encoding: "16-bit ids", bytes: Buffer.from(Uint16Array.from(ids).buffer) },
    { encoding: "float ids", bytes: Buffer.from(Float32Array.from(ids).buffer) },
    { encoding: "decimal ids", bytes: Buffer.from(ids.join(",")) },
  ];
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
