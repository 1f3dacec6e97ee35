import { FedgeError, sha256 as sha256Schema, type Sha256 } from "@fedge/protocol";

/** What a version gave on every example of a data set, in the set's order. */
export interface ExampleResults {
  /** Of the examples themselves: only results on the very same ones can be paired. */
  readonly dataSha256: Sha256;
  readonly losses: Float32Array;
  /** 1 where the answer was right; null for losses that do not classify one class per example. */
  readonly correct: Uint8Array | null;
}

const MAGIC = 0x31584546; // "FEX1", little-endian
const HEADER_BYTES = 44;
const MAX_EXAMPLES = 100_000_000;

/** "FEX1", number of examples, whether there are bits, hash of the data; then float32 losses, then a bit per example. */
export function encodeExampleResults({
  dataSha256,
  losses,
  correct,
}: ExampleResults): Uint8Array<ArrayBuffer> {
  const bitBytes = correct === null ? 0 : Math.ceil(losses.length / 8);
  const bytes = new Uint8Array(HEADER_BYTES + 4 * losses.length + bitBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, losses.length, true);
  view.setUint32(8, correct === null ? 0 : 1, true);
  for (let i = 0; i < 32; i += 1) bytes[12 + i] = parseInt(dataSha256.slice(2 * i, 2 * i + 2), 16);
  losses.forEach((loss, i) => view.setFloat32(HEADER_BYTES + 4 * i, loss, true));
  const bits = bytes.subarray(HEADER_BYTES + 4 * losses.length);
  correct?.forEach((isRight, i) => {
    if (isRight === 1) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return bytes;
}

/** Throws DATA_CORRUPT for what `encodeExampleResults` does not write; sizes are checked before anything is made. */
export function decodeExampleResults(bytes: Uint8Array): ExampleResults {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) throw corrupt("no such file");
  const numExamples = view.getUint32(4, true);
  const hasBits = view.getUint32(8, true);
  const bitBytes = hasBits === 1 ? Math.ceil(numExamples / 8) : 0;
  const isWhole = bytes.byteLength === HEADER_BYTES + 4 * numExamples + bitBytes;
  if (hasBits > 1 || numExamples > MAX_EXAMPLES || !isWhole) throw corrupt("of another length");
  const losses = Float32Array.from({ length: numExamples }, (_none, i) =>
    view.getFloat32(HEADER_BYTES + 4 * i, true),
  );
  const bits = bytes.subarray(HEADER_BYTES + 4 * numExamples);
  const correct = Uint8Array.from(
    { length: numExamples },
    (_none, i) => ((bits[i >> 3] ?? 0) >> (i & 7)) & 1,
  );
  const digits = Array.from(bytes.subarray(12, HEADER_BYTES), (byte) => byte.toString(16).padStart(2, "0"));
  return { dataSha256: sha256Schema.parse(digits.join("")), losses, correct: hasBits === 1 ? correct : null };
}

function corrupt(why: string): FedgeError {
  return new FedgeError("DATA_CORRUPT", `results of an evaluation: ${why}; evaluate the version again`);
}
