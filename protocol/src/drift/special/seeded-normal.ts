import type { Random } from "../../random.js";

/** A standard normal: the first of two that Box and Muller (1958) make of two uniforms; 1 - u is never 0. */
export function seededNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());
}
