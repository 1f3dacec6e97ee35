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
  for (let at = 0; at < sum.length; at += 1) sum[at] = (sum[at] as number) + (vector[at] as number);
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
  if (numCells > MAX_VECTOR_CELLS) throw invalid(`${numCells} cells; at most ${MAX_VECTOR_CELLS}`);
  if (bytes.byteLength > numCells * MAX_CELL_BYTES + MAX_CELL_BYTES)
    throw invalid(`${bytes.byteLength} bytes for ${numCells} cells`);
  const reader = new VarintReader(bytes);
  const vector = new Uint32Array(numCells);
  let at = 0;
  let isAfterZeros = false;
  while (at < numCells) {
    const value = reader.next();
    if (value !== 0) {
      vector[at] = value;
      at += 1;
      isAfterZeros = false;
      continue;
    }
    if (isAfterZeros) throw invalid("two runs of zeros follow each other");
    at += 1 + reader.next();
    isAfterZeros = true;
  }
  if (at !== numCells || !reader.isAtEnd) throw invalid(`it is not of ${numCells} cells`);
  return vector;
}

class VarintReader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get isAtEnd(): boolean {
    return this.#at === this.bytes.byteLength;
  }

  /** Refuses what is longer than it need be, so that equal vectors have equal bytes. */
  next(): number {
    let value = 0;
    for (let length = 0; length < MAX_CELL_BYTES; length += 1) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) throw invalid("it ends in the middle of a cell");
      value += (byte & 0x7f) * 2 ** (7 * length);
      if (byte > 0x7f) continue;
      if ((byte === 0 && length > 0) || value > 0xffffffff) throw invalid("a cell is no 32-bit varint");
      return value;
    }
    throw invalid("a cell takes more than five bytes");
  }
}

function invalid(reason: string): FedgeError {
  return new FedgeError("VECTOR_INVALID", `count vector: ${reason}`);
}
