import { FedgeError } from "../errors.js";

/** Most cells that a vector may have. */
export const MAX_VECTOR_CELLS = 2 ** 15;
/** A cell takes at most five bytes. */
const MAX_CELL_BYTES = 5;

/** Adds cell by cell modulo 2^32, into `sum`: in any order and grouping the same. Throws VECTOR_LAYOUT_MISMATCH. */
export function addVector(sum: Uint32Array, vector: Uint32Array): void {
  if (sum.length !== vector.length)
    throw new FedgeError(
      "VECTOR_LAYOUT_MISMATCH",
      `a vector of ${vector.length} cells cannot be added to one of ${sum.length}`,
    );
  // Four at a time: engines do not unroll such loops, and a server adds one of these for each device.
  const end = sum.length - (sum.length % 4);
  for (let at = 0; at < end; at += 4) {
    sum[at] = (sum[at] as number) + (vector[at] as number);
    sum[at + 1] = (sum[at + 1] as number) + (vector[at + 1] as number);
    sum[at + 2] = (sum[at + 2] as number) + (vector[at + 2] as number);
    sum[at + 3] = (sum[at + 3] as number) + (vector[at + 3] as number);
  }
  for (let at = end; at < sum.length; at += 1) sum[at] = (sum[at] as number) + (vector[at] as number);
}

/** A cell that holds a signed number, two's complement. */
export function signedCell(cell: number): number {
  return cell | 0;
}

/**
 * The vector in bytes: every cell as a varint (LEB128), and a run of zeros as one 0 and how many more follow. The bytes
 * of equal vectors are equal.
 */
export function encodeVector(vector: Uint32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(vector.length * MAX_CELL_BYTES + MAX_CELL_BYTES);
  let end = 0;
  const write = (value: number): void => {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      bytes[end++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[end++] = rest;
  };
  for (let at = 0; at < vector.length; at += 1) {
    const value = vector[at] as number;
    write(value);
    if (value !== 0) continue;
    let more = 0;
    while (at + 1 < vector.length && vector[at + 1] === 0) {
      more += 1;
      at += 1;
    }
    write(more);
  }
  return bytes.slice(0, end);
}

/** The vector of so many cells. Throws VECTOR_INVALID for bytes that `encodeVector` would not give for any. */
export function decodeVector(bytes: Uint8Array, numCells: number): Uint32Array<ArrayBuffer> {
  const numBytes = bytes.byteLength;
  requireSizes(numBytes, numCells);
  const view = new DataView(bytes.buffer, bytes.byteOffset, numBytes);
  const vector = new Uint32Array(numCells);
  const lastWord = numBytes - 4;
  const lastFour = numCells - 4;
  let at = 0;
  let next = 0;
  let isAfterZeros = 0;
  // A server does this for every device: four cells at a time as long as each is of one byte and not 0, as most are.
  while (at < numCells) {
    while (next <= lastWord && at <= lastFour) {
      const word = view.getInt32(next, true);
      // A byte with its high bit, or from which 1 cannot be taken without borrowing.
      if (((word | (word - 0x01010101)) & 0x80808080) !== 0) break;
      vector[at] = word & 0xff;
      vector[at + 1] = (word >>> 8) & 0xff;
      vector[at + 2] = (word >>> 16) & 0xff;
      vector[at + 3] = word >>> 24;
      at += 4;
      next += 4;
      isAfterZeros = 0;
    }
    if (at >= numCells) break;
    const value = varintAt(bytes, next, numBytes);
    next += varintLength(value);
    vector[at] = value;
    at += 1;
    if (value !== 0) {
      isAfterZeros = 0;
      continue;
    }
    if (isAfterZeros === 1) throw invalid("two runs of zeros follow each other");
    const numMore = varintAt(bytes, next, numBytes);
    next += varintLength(numMore);
    at += numMore;
    isAfterZeros = 1;
  }
  if (at !== numCells || next !== numBytes) throw invalid(`it is not of ${numCells} cells`);
  return vector;
}

function requireSizes(numBytes: number, numCells: number): void {
  if (numCells > MAX_VECTOR_CELLS) throw invalid(`${numCells} cells; at most ${MAX_VECTOR_CELLS}`);
  if (numBytes > numCells * MAX_CELL_BYTES + MAX_CELL_BYTES)
    throw invalid(`${numBytes} bytes for ${numCells} cells`);
}

/** Refuses what is longer than it need be, so that equal vectors have equal bytes. */
function varintAt(bytes: Uint8Array, from: number, end: number): number {
  const first = from < end ? (bytes[from] as number) : 0x80;
  return first < 0x80 ? first : longVarintAt(bytes, from, end);
}

function longVarintAt(bytes: Uint8Array, from: number, end: number): number {
  let value = 0;
  for (let shift = 0, at = from; shift < 7 * MAX_CELL_BYTES; shift += 7, at += 1) {
    if (at >= end) throw invalid("it ends in the middle of a cell");
    const byte = bytes[at] as number;
    value |= (byte & 0x7f) << shift;
    if (byte > 0x7f) continue;
    if (byte === 0 || (shift === 28 && byte > 0x0f)) throw invalid("a cell is no 32-bit varint");
    return value >>> 0;
  }
  throw invalid("a cell takes more than five bytes");
}

/** Bytes of a value: there is one way to write it. */
function varintLength(value: number): number {
  if (value < 2 ** 7) return 1;
  if (value < 2 ** 14) return 2;
  if (value < 2 ** 21) return 3;
  return value < 2 ** 28 ? 4 : 5;
}

function invalid(reason: string): FedgeError {
  return new FedgeError("VECTOR_INVALID", `count vector: ${reason}`);
}
