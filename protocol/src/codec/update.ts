import { FedgeError } from "../errors.js";
import type { UpdateEncoding } from "../messages/round.js";
import type { Random } from "../random.js";
import { readHalves, writeHalves } from "./half.js";

/** Parameters that share one scale in the `int8` encoding. */
export const INT8_BLOCK = 256;

/** Bytes of an encoded update of P parameters. */
export function encodedUpdateBytes(numParameters: number, encoding: UpdateEncoding): number {
  switch (encoding) {
    case "float32":
      return 4 * numParameters;
    case "float16":
      return 2 * numParameters;
    case "int8":
      return numParameters + 4 * Math.ceil(numParameters / INT8_BLOCK);
  }
}

/**
 * The flat update of P parameters as little-endian bytes: `float32` and `float16` are P IEEE 754 numbers; `int8` is
 * one float32 scale for each block of `INT8_BLOCK`, then P signed bytes of [-127, 127], each times its block's scale.
 * `int8` rounds stochastically, so that its expectation is the value itself (Alistarh et al. 2017, QSGD); `random`
 * decides, and is unused by the other encodings.
 *
 * Throws UPDATE_NOT_FINITE for NaN, infinity, and values that would not come back finite: beyond 65,504 in `float16`,
 * within rounding of the largest float32 in `int8`.
 */
export function encodeUpdate(
  values: Float32Array,
  encoding: UpdateEncoding,
  random: Random,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(encodedUpdateBytes(values.length, encoding));
  const view = new DataView(bytes.buffer);
  requireFinite(values);
  switch (encoding) {
    case "float32":
      for (let at = 0; at < values.length; at += 1) view.setFloat32(4 * at, values[at] as number, true);
      return bytes;
    case "float16":
      writeHalves(values, view);
      return bytes;
    case "int8":
      encodeInt8(values, view, random);
      return bytes;
  }
}

/**
 * The values of an encoded update, length P. NaN and infinity in float encodings are passed on for the aggregator's
 * own check to count.
 *
 * Throws UPDATE_TRUNCATED, UPDATE_TOO_LARGE, or UPDATE_NOT_FINITE for a scale that is no number.
 */
export function decodeUpdate(
  bytes: Uint8Array,
  encoding: UpdateEncoding,
  numParameters: number,
): Float32Array<ArrayBuffer> {
  const expected = encodedUpdateBytes(numParameters, encoding);
  if (bytes.byteLength !== expected) {
    const code = bytes.byteLength < expected ? "UPDATE_TRUNCATED" : "UPDATE_TOO_LARGE";
    throw new FedgeError(
      code,
      `update of ${bytes.byteLength} bytes; ${numParameters} parameters take ${expected}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(numParameters);
  switch (encoding) {
    case "float32":
      for (let at = 0; at < numParameters; at += 1) values[at] = view.getFloat32(4 * at, true);
      return values;
    case "float16":
      readHalves(view, values);
      return values;
    case "int8":
      decodeInt8(view, values);
      return values;
  }
}

function requireFinite(values: Float32Array): void {
  for (let at = 0; at < values.length; at += 1) {
    if (!Number.isFinite(values[at]))
      throw new FedgeError("UPDATE_NOT_FINITE", `update value ${at} is ${values[at]}`);
  }
}

function encodeInt8(values: Float32Array, view: DataView, random: Random): void {
  const codes = 4 * Math.ceil(values.length / INT8_BLOCK);
  const scales = new Float32Array(codes / 4);
  const scaleBits = new Uint32Array(scales.buffer);
  for (let start = 0, block = 0; start < values.length; start += INT8_BLOCK, block += 1) {
    const end = Math.min(start + INT8_BLOCK, values.length);
    let largest = 0;
    for (let at = start; at < end; at += 1) largest = Math.max(largest, Math.abs(values[at] as number));
    scales[block] = largest / 127;
    // Rounded up where float32 rounded down: no quotient leaves [-127, 127], so none is cut and the mean stays true.
    if ((scales[block] as number) < largest / 127) scaleBits[block] = (scaleBits[block] as number) + 1;
    const scale = scales[block] as number;
    if (!Number.isFinite(Math.fround(127 * scale)))
      throw new FedgeError(
        "UPDATE_NOT_FINITE",
        `block ${block} reaches ${largest}; int8 would decode it as infinite`,
      );
    view.setFloat32(4 * block, scale, true);
    if (scale === 0) continue;
    for (let at = start; at < end; at += 1) {
      view.setInt8(codes + at, Math.floor((values[at] as number) / scale + random.unit()));
    }
  }
}

function decodeInt8(view: DataView, values: Float32Array): void {
  const codes = 4 * Math.ceil(values.length / INT8_BLOCK);
  for (let start = 0, block = 0; start < values.length; start += INT8_BLOCK, block += 1) {
    const scale = view.getFloat32(4 * block, true);
    if (!Number.isFinite(scale))
      throw new FedgeError("UPDATE_NOT_FINITE", `scale of block ${block} is ${scale}`);
    const end = Math.min(start + INT8_BLOCK, values.length);
    for (let at = start; at < end; at += 1) values[at] = view.getInt8(codes + at) * scale;
  }
}
