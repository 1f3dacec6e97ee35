import type { DriftOptions } from "../options.js";
import type { Outcome } from "../result.js";
import type { Pooled } from "../samples/pooled.js";
import { cramerVonMisesExact } from "../special/cramer-von-mises-exact.js";
import { logCramerVonMisesTail } from "../special/cramer-von-mises.js";
import { logMannWhitneyTail } from "../special/mann-whitney-exact.js";
import { logNormalTail } from "../special/normal.js";
import { emptyReason } from "./kolmogorov-smirnov.js";
import { middleDifference } from "./middle-difference.js";

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
  const excess = twiceExcess(pooled);
  const effect = { name: "rank-biserial correlation", value: excess / (n * m) };
  const hasTies = pooled.values.length < n + m;
  const isExact = mode === "exact" || (mode === "auto" && Math.min(n, m) <= 8 && !hasTies);
  const isAffordable = n * m * Math.min(n, m) <= MOST_EXACT_STEPS;
  if (mode === "exact" && !isAffordable) return { reason: "too many rows to count every order of them" };
  const details = { binned: isBinned, hasTies };
  if (isExact && isAffordable) {
    const logPValue = Math.min(0, Math.LN2 + logMannWhitneyTail(Math.ceil(upper), n, m));
    return { statistic, n, m, logPValue, effect, details: { mode: "exact", ...details } };
  }
  const z = (Math.abs(excess) - (continuity ? 1 : 0)) / (2 * deviationOfU(pooled));
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

/** 2 U - n m, what U has beyond its expectation, twice: exact, so that U near n m / 2 keeps its digits. */
function twiceExcess({ reference, current, n, m }: Pooled): number {
  if (n * m > Number.MAX_SAFE_INTEGER) return Number(twiceExcessOfMany(reference, current, m));
  let below = 0;
  let sum = 0;
  for (let index = 0; index < reference.length; index += 1) {
    const tied = current[index] as number;
    // Rows of the current sample below less those above.
    sum += (reference[index] as number) * (below - (m - below - tied));
    below += tied;
  }
  return sum;
}

function twiceExcessOfMany(reference: Float64Array, current: Float64Array, m: number): bigint {
  let below = 0;
  let sum = 0n;
  for (let index = 0; index < reference.length; index += 1) {
    const tied = current[index] as number;
    sum += BigInt(reference[index] as number) * BigInt(below - (m - below - tied));
    below += tied;
  }
  return sum;
}

/** Of U where both samples are of one distribution, with these ties: N^3 - sum of t^3 is 3 sum of below t (below + t), of which no term is negative. */
export function deviationOfU({ reference, current, n, m }: Pooled): number {
  const total = n + m;
  let below = 0;
  let sum = 0;
  for (let index = 0; index < reference.length; index += 1) {
    const tied = (reference[index] as number) + (current[index] as number);
    sum += below * tied * (below + tied);
    below += tied;
  }
  return Math.sqrt(((n * m) / 4) * (sum / (total * (total - 1))));
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
  const product = n * m;
  const total = n + m;
  const squares = sumOfSquares(pooled);
  const statistic = squares / (12 * product) / (total * total);
  const isExact = mode === "exact" || (mode === "auto" && Math.max(n, m) <= 20);
  if (isExact && Math.max(n, m) > 30) return { reason: "exact needs at most 30 rows a side" };
  if (isExact) {
    const logPValue = Math.log(cramerVonMisesExact(squares, n, m));
    return { statistic, n, m, logPValue, details: { mode: "exact", binned: isBinned } };
  }
  const mean = (1 + 1 / total) / 6;
  const spread = (total + 1) * (4 * product * total - 3 * (n * n + m * m) - 2 * product);
  const variance = spread / (45 * total * total * 4 * product);
  const standardised = 1 / 6 + (statistic - mean) / Math.sqrt(45 * variance);
  const logPValue = logCramerVonMisesTail(standardised);
  return { statistic, n, m, logPValue, details: { mode: "asymptotic", standardised, binned: isBinned } };
}

/**
 * 12 n m N^2 T, a whole number, as a sum over cells of which no term is negative: of a cell with f and s rows, and n m F - n m G = d at its
 * middle, (f + s) (12 d^2 + 3 n m (f - s)^2 + (n - m)^2 ((f - s)^2 + f s - 1)).
 *
 * It is what the sums of squared mid-ranks less (4 n m - 1) / (6 N) come to: a row's distance from its own rank is the other sample's rows below
 * the middle of its cell; sums of powers of one sample's places telescope, and the constant goes.
 */
function sumOfSquares({ reference, current, n, m }: Pooled): number {
  const [between, within] = [(n - m) ** 2, 3 * n * m];
  let [belowFirst, belowSecond] = [0, 0];
  let sum = 0;
  for (let index = 0; index < reference.length; index += 1) {
    const [inFirst, inSecond] = [reference[index] as number, current[index] as number];
    const apart = middleDifference(n, m, [belowFirst, inFirst], [belowSecond, inSecond]);
    const square = (inFirst - inSecond) ** 2;
    const ties = within * square + between * (square + inFirst * inSecond - 1);
    sum += (inFirst + inSecond) * (12 * apart * apart + ties);
    belowFirst += inFirst;
    belowSecond += inSecond;
  }
  return sum;
}
