import type { FeatureValue } from "./value-cells.js";
import { MOMENT_CLIP } from "./vector-layout.js";

/** A number's distance from the reference's mean in its deviations, clipped; 0 for what is no finite number. */
export function standardisedValue(
  { mean, perDeviation }: { readonly mean: number; readonly perDeviation: number },
  value: FeatureValue,
): number {
  const number = typeof value === "boolean" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) return 0;
  const z = (number - mean) * perDeviation;
  return z > MOMENT_CLIP ? MOMENT_CLIP : z < -MOMENT_CLIP ? -MOMENT_CLIP : z;
}
