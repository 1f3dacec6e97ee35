import { constants, gunzipSync } from "node:zlib";
import { FedgeError, numValues } from "@fedge/protocol";

/** Largest array that is read: five times MNIST. */
export const MAX_IDX_BYTES = 256 * 1024 * 1024;

const UNSIGNED_BYTE = 0x08;
const GZIP_MAGIC = [0x1f, 0x8b];
/** Compressed bytes that surely hold the header; they expand to at most about 4 MB. */
const HEADER_PROBE_BYTES = 4096;

export interface IdxArray {
  readonly shape: readonly number[];
  /** Row-major; as long as the product of the shape. */
  readonly values: Uint8Array;
}

/**
 * The array in an IDX file of unsigned bytes, plain or gzipped.
 *
 * The header is read before anything is expanded, so that a small file cannot ask for much memory.
 * Throws DATA_CORRUPT naming the file, what is wrong and what to do.
 * Source: http://yann.lecun.com/exdb/mnist, "The IDX file format".
 */
export function decodeIdx(bytes: Uint8Array, rank: number, fileName: string): IdxArray {
  const isGzip = GZIP_MAGIC.every((magic, index) => bytes[index] === magic);
  const start = isGzip ? expandStart(bytes, fileName) : bytes;
  const shape = decodeHeader(start, rank, fileName);
  const headerBytes = 4 + 4 * rank;
  const sizeBytes = headerBytes + numValues(shape);
  if (sizeBytes > MAX_IDX_BYTES) {
    throw corrupt(fileName, `its header asks for ${sizeBytes} bytes; at most ${MAX_IDX_BYTES} are read`);
  }
  const whole = isGzip ? expand(bytes, sizeBytes, fileName) : bytes;
  if (whole.byteLength !== sizeBytes) {
    throw corrupt(fileName, `it holds ${whole.byteLength} bytes where its header says ${sizeBytes}`);
  }
  return { shape, values: whole.subarray(headerBytes) };
}

function decodeHeader(start: Uint8Array, rank: number, fileName: string): number[] {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const magic = UNSIGNED_BYTE * 256 + rank;
  if (start.byteLength < 4 + 4 * rank) throw corrupt(fileName, "it is shorter than its header");
  if (view.getUint32(0) !== magic) {
    throw corrupt(fileName, `it starts with ${hex(view.getUint32(0))} where ${hex(magic)} belongs`);
  }
  return Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
}

function expandStart(bytes: Uint8Array, fileName: string): Uint8Array {
  try {
    return gunzipSync(bytes.subarray(0, HEADER_PROBE_BYTES), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (cause) {
    throw corrupt(fileName, "it is not readable gzip", cause);
  }
}

function expand(bytes: Uint8Array, sizeBytes: number, fileName: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: sizeBytes });
  } catch (cause) {
    const tooLong = cause instanceof RangeError;
    throw corrupt(
      fileName,
      tooLong ? "it is longer than its header says" : "its gzip data is damaged",
      cause,
    );
  }
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, "0")}`;

function corrupt(fileName: string, what: string, cause?: unknown): FedgeError {
  return new FedgeError("DATA_CORRUPT", `${fileName} is not a sound IDX file: ${what}. Fetch it again.`, {
    cause,
    details: { fileName },
  });
}
