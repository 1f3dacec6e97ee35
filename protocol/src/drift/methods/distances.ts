import type { DriftOptions } from "../options.js";
import type { Outcome } from "../result.js";
import type { Cells } from "../samples/cells.js";
import { chiSquaredTailQuantile } from "../special/chi-squared.js";
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
export function psiOf({ reference, current, n, m }: Cells, options: DriftOptions): number {
  const isAdding = options.zeroRule === "add-half";
  const shares = (counts: Float64Array, rows: number): Float64Array =>
    counts.map((count) => (isAdding ? (count + 0.5) / (rows + counts.length / 2) : count / rows));
  return stabilityIndex(shares(reference, n), shares(current, m), options.zeroFloor);
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

function sharesOf({ reference, current, n, m }: Cells): readonly [Float64Array, Float64Array] {
  return [reference.map((count) => count / n), current.map((count) => count / m)];
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

function ofDifferences(cells: Cells, distance: (p: Shares, q: Shares) => number): Outcome {
  const { n, m } = cells;
  const logPValue = logChiSquaredOf(cells);
  if (logPValue === undefined) return { reason: emptyReason(n, m) };
  return {
    ...{ statistic: distance(...sharesOf(cells)), n, m },
    companion: { method: "chi-squared", logPValue },
    details: { numCells: cells.labels.length },
  };
}
