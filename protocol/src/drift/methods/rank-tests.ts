import type { DriftOptions } from "../options.js";
import type { Outcome } from "../result.js";
import type { Pooled } from "../samples/pooled.js";
import { cramerVonMisesExact } from "../special/cramer-von-mises-exact.js";
import { logCramerVonMisesTail } from "../special/cramer-von-mises.js";
import { logMannWhitneyTail } from "../special/mann-whitney-exact.js";
import { logNormalTail } from "../special/normal.js";
import { emptyReason } from "./kolmogorov-smirnov.js";

/** Exact Mann-Whitney costs about n m min(n, m) steps and is only ever better for small samples. */
const MOST_EXACT_STEPS = 50_000_000;

/**
 * Mann-Whitney: U of the reference, the number of pairs in which the reference's value is the greater, ties as halves. Two-sided. `auto`
 * is exact when a sample has at most 8 rows and nothing ties, and otherwise the normal approximation, corrected for ties and for
 * continuity, as scipy's. Constant samples give p = 1, or cannot be tested without the continuity correction.
 */
export function mannWhitney(pooled: Pooled, { mode, continuity }: DriftOptions): Outcome {
  const { n, m, isBinned } = pooled;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  if (mode === "limit" || mode === "stephens") return { reason: `there is no mode "${mode}" of it` };
  const statistic = referenceU(pooled);
  const upper = Math.max(statistic, n * m - statistic);
  const effect = { name: "rank-biserial correlation", value: (2 * statistic) / (n * m) - 1 };
  const hasTies = pooled.values.length < n + m;
  const isExact = mode === "exact" || (mode === "auto" && Math.min(n, m) <= 8 && !hasTies);
  const isAffordable = n * m * Math.min(n, m) <= MOST_EXACT_STEPS;
  if (mode === "exact" && !isAffordable) return { reason: "too many rows to count every order of them" };
  const details = { binned: isBinned, hasTies };
  if (isExact && isAffordable) {
    const logPValue = Math.min(0, Math.LN2 + logMannWhitneyTail(Math.ceil(upper), n, m));
    return { statistic, n, m, logPValue, effect, details: { mode: "exact", ...details } };
  }
  const z = (upper - (n * m) / 2 - (continuity ? 0.5 : 0)) / deviationOfU(pooled);
  if (Number.isNaN(z)) return { reason: "constant: every value is the same" };
  const logPValue = Math.min(0, Math.LN2 + logNormalTail(z));
  return { statistic, n, m, logPValue, effect, details: { mode: "asymptotic", continuity, z, ...details } };
}

/** Pairs in which the reference's value is the greater, ties as halves. */
export function referenceU({ reference, current }: Pooled): number {
  let below = 0;
  let sum = 0;
  for (let index = 0; index < reference.length; index += 1) {
    const tied = current[index] as number;
    sum += (reference[index] as number) * (below + tied / 2);
    below += tied;
  }
  return sum;
}

/** Of U where both samples are of one distribution, with these ties. */
export function deviationOfU({ reference, current, n, m }: Pooled): number {
  const total = n + m;
  let ties = 0;
  for (let index = 0; index < reference.length; index += 1) {
    const tied = (reference[index] as number) + (current[index] as number);
    ties += tied ** 3 - tied;
  }
  return Math.sqrt(Math.max(0, ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)))));
}

/**
 * Two-sample Cramér-von Mises with mid-ranks. Exact up to 20 rows a side (as if nothing tied), otherwise the limit distribution at the
 * statistic brought to its mean and variance, as scipy's.
 */
export function cramerVonMises(pooled: Pooled, { mode }: DriftOptions): Outcome {
  const { n, m, isBinned } = pooled;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  if (n < 2 || m < 2) return { reason: "it takes at least two values a side" };
  if (mode === "limit" || mode === "stephens") return { reason: `there is no mode "${mode}" of it` };
  const u =
    n * rankDistance(pooled.reference, pooled.current) + m * rankDistance(pooled.current, pooled.reference);
  const product = n * m;
  const total = n + m;
  const statistic = u / (product * total) - (4 * product - 1) / (6 * total);
  const isExact = mode === "exact" || (mode === "auto" && Math.max(n, m) <= 20);
  if (isExact && Math.max(n, m) > 30) return { reason: "exact needs at most 30 rows a side" };
  if (isExact) {
    const logPValue = Math.log(cramerVonMisesExact(u, n, m));
    return { statistic, n, m, logPValue, details: { mode: "exact", binned: isBinned } };
  }
  const mean = (1 + 1 / total) / 6;
  const spread = (total + 1) * (4 * product * total - 3 * (n * n + m * m) - 2 * product);
  const variance = spread / (45 * total * total * 4 * product);
  const standardised = 1 / 6 + (statistic - mean) / Math.sqrt(45 * variance);
  const logPValue = logCramerVonMisesTail(standardised);
  return { statistic, n, m, logPValue, details: { mode: "asymptotic", standardised, binned: isBinned } };
}

/** Sum over a sample's rows of (rank among all - rank in the sample)^2, ranks of tied rows being their middle. */
function rankDistance(own: Float64Array, other: Float64Array): number {
  let otherBelow = 0;
  let sum = 0;
  for (let index = 0; index < own.length; index += 1) {
    const [tied, others] = [own[index] as number, other[index] as number];
    // Row k of the tied ones (k = 1 to tied): its mid-rank less k, both without the own rows below. Sums of k and k^2 in closed form.
    const middle = otherBelow + (tied + others + 1) / 2;
    const sumOfK = (tied * (tied + 1)) / 2;
    const sumOfSquares = (tied * (tied + 1) * (2 * tied + 1)) / 6;
    sum += tied * middle * middle - 2 * middle * sumOfK + sumOfSquares;
    otherBelow += others;
  }
  return sum;
}
