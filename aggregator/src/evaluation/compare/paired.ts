import { normalQuantile, twoSidedNormal } from "@fedge/protocol/drift";
import { clopperPearson, fairCoinPValue } from "./binomial.js";

const ALPHA = 0.05;
const Z_95 = normalQuantile(1 - ALPHA / 2);

/** Below so many examples that tell two versions apart, the exact distribution is used. */
export const EXACT_BELOW = 50;

/** How much a metric of version B differs from that of A, with a 95 % interval; positive is more. */
export interface Difference {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  readonly pValue: number;
}

/** How often only one of two versions is right, of `numExamples` that both answered. */
export interface Discordance {
  readonly onlyA: number;
  readonly onlyB: number;
  readonly numExamples: number;
}

/**
 * Difference of the accuracies of two versions on the same examples (McNemar 1947).
 *
 * Few discordant examples: exact, the interval being that of the share that B won (Clopper-Pearson) times the share
 * that is discordant. Otherwise normal, without continuity correction.
 */
export function accuracyDifference({ onlyA, onlyB, numExamples }: Discordance): Difference {
  const discordant = onlyA + onlyB;
  const difference = (onlyB - onlyA) / numExamples;
  if (discordant === 0) return { difference, low: 0, high: 0, pValue: 1 };
  if (discordant < EXACT_BELOW) {
    const [low, high] = clopperPearson(onlyB, discordant, ALPHA);
    const share = discordant / numExamples;
    const pValue = fairCoinPValue(onlyB, discordant);
    return { difference, low: (2 * low - 1) * share, high: (2 * high - 1) * share, pValue };
  }
  const squared = discordant - (onlyB - onlyA) ** 2 / numExamples;
  const half = (Z_95 * Math.sqrt(squared)) / numExamples;
  const pValue = twoSidedNormal((onlyB - onlyA) / Math.sqrt(discordant));
  return { difference, low: difference - half, high: difference + half, pValue };
}

/**
 * Mean of the per-example differences b - a, with their standard error; normal, so for 30 examples and more.
 * A difference of exactly nothing on every example has the p-value 1.
 */
export function meanDifference(a: Float32Array, b: Float32Array): Difference {
  const numExamples = a.length;
  let sum = 0;
  for (let i = 0; i < numExamples; i += 1) sum += (b[i] ?? 0) - (a[i] ?? 0);
  const difference = sum / numExamples;
  let squares = 0;
  for (let i = 0; i < numExamples; i += 1) squares += ((b[i] ?? 0) - (a[i] ?? 0) - difference) ** 2;
  const standardError = Math.sqrt(squares / (numExamples - 1) / numExamples);
  const half = Z_95 * standardError;
  return {
    difference,
    low: difference - half,
    high: difference + half,
    pValue: standardError === 0 ? (difference === 0 ? 1 : 0) : twoSidedNormal(difference / standardError),
  };
}

/** Counts of one version on examples that the other version did not see one by one. */
export interface Proportion {
  readonly numCorrect: number;
  readonly numExamples: number;
}

/**
 * Difference of two accuracies whose examples are not paired: pooled two-proportion test, unpooled interval. Takes
 * examples as independent, which those of one device are not quite.
 */
export function unpairedDifference(a: Proportion, b: Proportion): Difference {
  const [pA, pB] = [a.numCorrect / a.numExamples, b.numCorrect / b.numExamples];
  const difference = pB - pA;
  const half = Z_95 * Math.sqrt((pA * (1 - pA)) / a.numExamples + (pB * (1 - pB)) / b.numExamples);
  const pooled = (a.numCorrect + b.numCorrect) / (a.numExamples + b.numExamples);
  const pooledError = Math.sqrt(pooled * (1 - pooled) * (1 / a.numExamples + 1 / b.numExamples));
  return {
    difference,
    low: difference - half,
    high: difference + half,
    pValue: pooledError === 0 ? 1 : twoSidedNormal(difference / pooledError),
  };
}
