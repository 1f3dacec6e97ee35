import { FedgeError } from "../errors.js";

/** Largest finite binary16 number. */
const MAX_HALF = 65_504;
/** Bits of 2^-14 as binary32: below it binary16 numbers are subnormal. */
const SMALLEST_NORMAL_BITS = 0x38800000;

/**
 * Writes each value to `view` as little-endian IEEE 754 binary16, rounded to nearest even.
 *
 * Throws UPDATE_NOT_FINITE for NaN and beyond 65,504 in magnitude.
 */
export function writeHalves(values: Float32Array, view: DataView): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number;
    if (!(Math.abs(value) <= MAX_HALF)) {
      throw new FedgeError(
        "UPDATE_NOT_FINITE",
        `update value ${at} is ${value}, which float16 cannot hold; use float32 or a smaller learning rate`,
      );
    }
    view.setUint16(2 * at, halfBits(bits[at] as number), true);
  }
}

/** Reads `values.length` little-endian binary16 numbers of `view`; every one of them is exact in float32. */
export function readHalves(view: DataView, values: Float32Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let at = 0; at < values.length; at += 1) {
    const half = view.getUint16(2 * at, true);
    const exponent = (half >>> 10) & 0x1f;
    const sign = (half & 0x8000) << 16;
    // Exponent biases are 15 and 127; all ones stay all ones for infinity and NaN.
    if (exponent === 0) values[at] = (half & 0x8000 ? -1 : 1) * (half & 0x3ff) * 2 ** -24;
    else if (exponent === 0x1f) bits[at] = sign | 0x7f800000 | ((half & 0x3ff) << 13);
    else bits[at] = sign | ((exponent + 112) << 23) | ((half & 0x3ff) << 13);
  }
}

function halfBits(floatBits: number): number {
  const sign = (floatBits >>> 16) & 0x8000;
  const magnitude = floatBits & 0x7fffffff;
  if (magnitude < SMALLEST_NORMAL_BITS) return sign | subnormalBits(magnitude);
  // Adding just under half a step, and one more when the kept part is odd, rounds ties to even.
  const rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1);
  return sign | (rounded >>> 13);
}

/** Multiples of 2^-24, ties to even. */
function subnormalBits(magnitude: number): number {
  const exponent = magnitude >>> 23;
  // Below 2^-25 everything rounds to zero; exponent 102 is 2^-25, half of the smallest step.
  if (exponent < 102) return 0;
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const dropped = 126 - exponent;
  const kept = significand >>> dropped;
  const rest = significand & ((1 << dropped) - 1);
  const half = 1 << (dropped - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}
