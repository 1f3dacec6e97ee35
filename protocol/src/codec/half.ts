import { FedgeError } from "../errors.js";

const MAX_HALF = 65_504;
/** Scratch space of one conversion; holds nothing between calls. */
const scratch = new DataView(new ArrayBuffer(4));

/** IEEE 754 binary16 bits of a number, rounded to nearest even. Throws UPDATE_NOT_FINITE beyond 65,504. */
export function floatToHalf(value: number): number {
  // 65,519.99 still rounds to 65,504; from 65,520 on nearest-even would give infinity.
  if (!(Math.abs(value) < MAX_HALF + 16)) {
    throw new FedgeError(
      "UPDATE_NOT_FINITE",
      `${value} does not fit float16; use float32 or a smaller learning rate`,
    );
  }
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude < 0x38800000) return sign | roundToEven(Math.abs(value) * 2 ** 24);
  const rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1);
  return sign | (rounded >>> 13);
}

/** The number that binary16 bits stand for. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
