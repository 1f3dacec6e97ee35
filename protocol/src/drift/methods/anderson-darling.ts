import type { Outcome } from "../result.js";
import type { Pooled } from "../samples/pooled.js";
import { harmonicNumber, sharedHarmonic } from "../special/harmonic.js";
import { emptyReason } from "./kolmogorov-smirnov.js";
import { middleDifference } from "./middle-difference.js";

/** Up to here every whole number is a double. */
const MOST_EXACT = Number.MAX_SAFE_INTEGER;

/** Levels and, for two samples, their critical values by Scholz and Stephens 1987, table 2: b0 + b1 + b2. */
const LEVELS = [0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001] as const;
const CRITICAL = [
  0.675 - 0.245 - 0.105,
  1.281 + 0.25 - 0.305,
  1.645 + 0.678 - 0.362,
  1.96 + 1.149 - 0.391,
  2.326 + 1.822 - 0.396,
  2.573 + 2.364 - 0.345,
  3.085 + 3.615 - 0.154,
] as const;

/**
 * Anderson-Darling of two samples with mid-ranks, standardised (Scholz and Stephens 1987, equations 4 and 7). The p-value is interpolated between
 * tabulated levels by a parabola through their logarithms and clipped to [0.001, 0.25], as scipy's `anderson_ksamp`.
 */
export function andersonDarling(pooled: Pooled): Outcome {
  const { n, m, values, isBinned } = pooled;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  if (values.length < 2) return { reason: "constant: every value is the same" };
  if (n + m > MOST_EXACT) return { reason: `more than ${MOST_EXACT} rows cannot be counted exactly` };
  if (n + m < 4) return { reason: "it takes at least four values in total" };
  const statistic = (sumOfSquares(pooled) - 1) / Math.sqrt(varianceOf(n, m));
  const level = interpolatedLevel(statistic);
  const pValue = Math.min(0.25, Math.max(0.001, level));
  return {
    statistic,
    n,
    m,
    logPValue: Math.log(pValue),
    details: { isClipped: pValue !== level, pValueWithin: [0.001, 0.25], binned: isBinned },
  };
}

/**
 * A over both samples. The difference of a cell is n S - m F, with the rows F and S of either sample below the middle of the cell: the same for both
 * samples but for its sign, and a whole number when doubled. All terms of a weight are positive, so nothing cancels.
 */
function sumOfSquares({ reference, current, n, m }: Pooled): number {
  const total = n + m;
  let [belowFirst, belowSecond] = [0, 0];
  let sum = 0;
  for (let index = 0; index < reference.length; index += 1) {
    const [inFirst, inSecond] = [reference[index] as number, current[index] as number];
    const tied = inFirst + inSecond;
    const below = belowFirst + belowSecond;
    const above = total - below - tied;
    const weight = tied / total / (below * above + (tied * (below + above)) / 4);
    sum += weight * middleDifference(n, m, [belowFirst, inFirst], [belowSecond, inSecond]) ** 2;
    belowFirst += inFirst;
    belowSecond += inSecond;
  }
  return (sum * (1 / n + 1 / m) * (total - 1)) / total;
}

/** Of the statistic under no change, for two samples. */
function varianceOf(n: number, m: number): number {
  const total = n + m;
  const h = harmonicNumber(total - 1);
  const g = sharedHarmonic(total);
  const sizes = 1 / n + 1 / m;
  const a = 4 * g - 6 + (10 - 6 * g) * sizes;
  const b = (2 * g - 4) * 4 + 16 * h + (2 * g - 14 * h - 4) * sizes - 8 * h + 4 * g - 6;
  const c = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * sizes + 4 * h;
  const d = (2 * h + 6) * 4 - 8 * h;
  const spread = ((a * total + b) * total + c) * total + d;
  return spread / ((total - 1) * (total - 2) * (total - 3));
}

/** Beyond the tabulated levels the outermost. */
function interpolatedLevel(statistic: number): number {
  if (statistic < CRITICAL[0]) return Number.POSITIVE_INFINITY;
  if (statistic > CRITICAL[6]) return 0;
  const [constant, linear, square] = parabola(CRITICAL, LEVELS.map(Math.log));
  const x = statistic - meanOf(CRITICAL);
  return Math.exp(constant + linear * x + square * x * x);
}

/** Least squares of y on 1, x and x^2, x from its mean on; by polynomials that are orthogonal on the points. */
function parabola(xs: readonly number[], ys: readonly number[]): [number, number, number] {
  const mean = meanOf(xs);
  const centred = xs.map((x) => x - mean);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const squares = sum(centred.map((x) => x * x));
  const skew = sum(centred.map((x) => x ** 3)) / squares;
  const level = squares / xs.length;
  const second = centred.map((x) => x * x - skew * x - level);
  const along = (basis: readonly number[]): number =>
    sum(ys.map((y, index) => y * (basis[index] as number))) / sum(basis.map((value) => value * value));
  const square = along(second);
  return [meanOf(ys) - square * level, along(centred) - square * skew, square];
}

function meanOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
