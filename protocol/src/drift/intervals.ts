import { normalTailQuantile } from "./special/normal.js";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Wilson's score interval of a share, `count` of `total` (total above 0), with two-sided confidence in (0, 1).
 * Source: E. B. Wilson, JASA 22, 1927.
 */
export function wilsonInterval(count: number, total: number, confidence = 0.95): Interval {
  const z = normalTailQuantile(Math.log((1 - confidence) / 2));
  const { low, high } = wilsonBounds(count / total, total, z);
  return { low: count === 0 ? 0 : low, high: count === total ? 1 : high };
}

/** The same at `z` standard errors, for so many independent trials, whole or not. */
export function wilsonBounds(share: number, numTrials: number, z: number): Interval {
  const z2 = z * z;
  const scale = 1 + z2 / numTrials;
  const middle = (share + z2 / (2 * numTrials)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / numTrials + z2 / (4 * numTrials * numTrials));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/**
 * The quantile at `probability` in [0, 1] of binned rows, spread evenly within their bin; NaN without rows. `counts` has one
 * number between each two neighbouring `edges`.
 */
export function binnedQuantile(
  edges: ArrayLike<number>,
  counts: ArrayLike<number>,
  probability: number,
): number {
  let total = 0;
  for (let bin = 0; bin < counts.length; bin += 1) total += counts[bin] as number;
  if (total === 0 || !(probability >= 0 && probability <= 1)) return Number.NaN;
  let rest = probability * total;
  for (let bin = 0; bin < counts.length; bin += 1) {
    const count = counts[bin] as number;
    const [low, high] = [edges[bin] as number, edges[bin + 1] as number];
    if (count > 0 && rest <= count) return low + (high - low) * (rest / count);
    rest -= count;
  }
  return edges[edges.length - 1] as number;
}
