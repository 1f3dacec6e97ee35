import { FedgeError } from "../../errors.js";
import { STREAM_METHODS, type StreamMethod } from "../result.js";

const HEADER_BYTES = 8;
const VERSION = 1;
const MOST_BYTES = 1 << 20;

/**
 * A detector's numbers as bytes: `FD`, the method's place among `STREAM_METHODS`, version, count as uint32, then float64; all
 * little-endian.
 */
export function encodeState(method: StreamMethod, numbers: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + 8 * numbers.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x46, 0x44, STREAM_METHODS.indexOf(method), VERSION]);
  view.setUint32(4, numbers.length, true);
  for (let index = 0; index < numbers.length; index += 1) {
    view.setFloat64(HEADER_BYTES + 8 * index, numbers[index] as number, true);
  }
  return bytes;
}

/** Reads the numbers of a saved detector one after the other. */
export class SavedState {
  private at = 0;
  private readonly numbers: Float64Array;

  /** Throws DATA_CORRUPT for bytes that are not of this method and version, or of another length. */
  constructor(method: StreamMethod, bytes: Uint8Array) {
    const isHeaded =
      bytes.length >= HEADER_BYTES &&
      bytes.length <= MOST_BYTES &&
      bytes[0] === 0x46 &&
      bytes[1] === 0x44 &&
      bytes[2] === STREAM_METHODS.indexOf(method) &&
      bytes[3] === VERSION;
    if (!isHeaded) throw corrupt(method);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = view.getUint32(4, true);
    if (bytes.length !== HEADER_BYTES + 8 * length) throw corrupt(method);
    this.numbers = Float64Array.from({ length }, (_value, index) =>
      view.getFloat64(HEADER_BYTES + 8 * index, true),
    );
    this.method = method;
  }

  private readonly method: StreamMethod;

  /** The next number, which has to be in the range. */
  number(least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): number {
    const value = this.numbers[this.at];
    this.at += 1;
    if (value === undefined || !(value >= least && value <= most)) throw corrupt(this.method);
    return value;
  }

  /** The next number, which has to be whole. */
  whole(least: number, most: number): number {
    const value = this.number(least, most);
    if (!Number.isInteger(value)) throw corrupt(this.method);
    return value;
  }

  /** Has to be called last: nothing may be left over. */
  end(): void {
    if (this.at !== this.numbers.length) throw corrupt(this.method);
  }
}

function corrupt(method: StreamMethod): FedgeError {
  return new FedgeError(
    "DATA_CORRUPT",
    `the saved state of ${method} is damaged or of another version; begin a new one`,
    { details: { method } },
  );
}
