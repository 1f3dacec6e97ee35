import type { DriftOptions } from "../options.js";
import type { Outcome } from "../result.js";
import type { Cells } from "../samples/cells.js";
import { chiSquaredTailQuantile } from "../special/chi-squared.js";
import { differenceOfProducts } from "../special/products.js";
import { logChiSquaredOf } from "./contingency.js";
import { emptyReason } from "./kolmogorov-smirnov.js";
import {
  divergenceNats,
  greatestDifference,
  hellingerDistance,
  stabilityIndex,
  variationDistance,
  type Shares,
} from "./share-distances.js";

/** What chance alone does to distances of B cells: PSI has expectation (B - 1) (1/n + 1/m) when nothing changed. */
export function noChange(cells: Cells): { readonly freedom: number; readonly scale: number } {
  return { freedom: cells.labels.length - 1, scale: 1 / cells.n + 1 / cells.m };
}

/**
 * Population stability index, sum of (q - p) log(q / p), natural logarithm. Without a change it is about chi-squared(B - 1)
 * times (1/n + 1/m), whence its limit.
 */
export function psi(cells: Cells, options: DriftOptions): Outcome {
  const { n, m } = cells;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  const statistic = psiOf(cells, options);
  const { freedom, scale } = noChange(cells);
  const expectedByChance = freedom * scale;
  const zeroRule =
    options.zeroRule === "floor"
      ? `a share of 0 counts as ${options.zeroFloor}`
      : "half a row is added to every cell";
  return {
    statistic,
    n,
    m,
    limit: freedom === 0 ? 0 : chiSquaredTailQuantile(options.alpha, freedom) * scale,
    effect: { name: "PSI without what chance gives", value: statistic - expectedByChance },
    details: { zeroRule, logBase: "e", expectedByChance, numCells: cells.labels.length },
  };
}

/** The index of cells that have rows on both sides. */
export function psiOf(cells: Cells, { zeroRule, zeroFloor }: DriftOptions): number {
  const [p, q, gaps] = zeroRule === "add-half" ? sharesWithHalf(cells) : sharesOf(cells);
  return stabilityIndex(p, q, zeroFloor, gaps);
}

/**
 * Jensen-Shannon distance: the root of the divergence, in [0, 1] with base 2. Without a change 8 n m / (n + m) times the divergence in nats is
 * about chi-squared(B - 1).
 */
export function jensenShannon(cells: Cells, options: DriftOptions): Outcome {
  const { n, m } = cells;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  const unit = options.logBase === 2 ? Math.LN2 : 1;
  const divergence = divergenceNats(...sharesOf(cells)) / unit;
  const statistic = Math.sqrt(divergence);
  const { freedom, scale } = noChange(cells);
  return {
    statistic,
    n,
    m,
    limit: freedom === 0 ? 0 : Math.sqrt((chiSquaredTailQuantile(options.alpha, freedom) * scale) / 8 / unit),
    effect: {
      name: "Jensen-Shannon distance, base 2, without what chance gives",
      value: excessDistance(cells),
    },
    details: {
      ...{ logBase: options.logBase, divergence, isRootOfDivergence: true },
      ...{ expectedByChance: Math.sqrt((freedom * scale) / 8 / unit), numCells: cells.labels.length },
    },
  };
}

/** The Jensen-Shannon distance, base 2, after the divergence that chance alone gives is taken off. */
export function excessDistance(cells: Cells): number {
  const { freedom, scale } = noChange(cells);
  return Math.sqrt(Math.max(0, (divergenceNats(...sharesOf(cells)) - (freedom * scale) / 8) / Math.LN2));
}

type SharesAndGaps = readonly [p: Float64Array, q: Float64Array, gaps: Float64Array];

/** Of shares that are nearly equal, subtraction would leave what they were rounded by: the whole counts know their difference. */
function sharesOf({ reference, current, n, m }: Cells): SharesAndGaps {
  const gaps = reference.map(
    (count, cell) => differenceOfProducts(count, m, current[cell] as number, n) / (n * m),
  );
  return [reference.map((count) => count / n), current.map((count) => count / m), gaps];
}

/** With half a row more in each of B cells, where (f + 1/2) (m + B/2) - (s + 1/2) (n + B/2) is f m - s n + B (f - s) / 2 + (m - n) / 2. */
function sharesWithHalf({ reference, current, n, m }: Cells): SharesAndGaps {
  const halves = reference.length / 2;
  const [rows, others] = [n + halves, m + halves];
  const gaps = reference.map((first, cell) => {
    const second = current[cell] as number;
    const whole = differenceOfProducts(first, m, second, n);
    return (whole + halves * (first - second) + (m - n) / 2) / (rows * others);
  });
  return [
    reference.map((count) => (count + 0.5) / rows),
    current.map((count) => (count + 0.5) / others),
    gaps,
  ];
}

/** Hellinger distance: the root of half the sum of (root p - root q)^2, in [0, 1]. */
export function hellinger(cells: Cells, { alpha }: DriftOptions): Outcome {
  const { n, m } = cells;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  const { freedom, scale } = noChange(cells);
  const limit = freedom === 0 ? 0 : Math.sqrt((chiSquaredTailQuantile(alpha, freedom) * scale) / 8);
  const statistic = hellingerDistance(...sharesOf(cells));
  return { statistic, n, m, limit, details: { numCells: cells.labels.length } };
}

/** Total variation: half the sum of |p - q|, in [0, 1]. */
export function totalVariation(cells: Cells): Outcome {
  return ofDifferences(cells, variationDistance);
}

/** The greatest |p - q| of one category. */
export function greatestShift(cells: Cells): Outcome {
  return ofDifferences(cells, greatestDifference);
}

function ofDifferences(cells: Cells, distance: (p: Shares, q: Shares, gaps: Shares) => number): Outcome {
  const { n, m } = cells;
  const logPValue = logChiSquaredOf(cells);
  if (logPValue === undefined) return { reason: emptyReason(n, m) };
  return {
    ...{ statistic: distance(...sharesOf(cells)), n, m },
    companion: { method: "chi-squared", logPValue },
    details: { numCells: cells.labels.length },
  };
}
