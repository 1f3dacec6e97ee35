import type { DriftOptions } from "../options.js";
import type { Outcome } from "../result.js";
import type { Cells } from "../samples/cells.js";
import { chiSquaredTailQuantile } from "../special/chi-squared.js";
import { logChiSquaredOf } from "./contingency.js";
import { emptyReason } from "./kolmogorov-smirnov.js";

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
  const share = (count: number, rows: number): number =>
    isAdding ? (count + 0.5) / (rows + reference.length / 2) : count === 0 ? options.zeroFloor : count / rows;
  let sum = 0;
  for (let index = 0; index < reference.length; index += 1) {
    const p = share(reference[index] as number, n);
    const q = share(current[index] as number, m);
    sum += (q - p) * Math.log(q / p);
  }
  return sum;
}

/**
 * Jensen-Shannon distance: the root of the divergence, in [0, 1] with base 2. Without a change 8 n m / (n + m) times the divergence in nats is
 * about chi-squared(B - 1).
 */
export function jensenShannon(cells: Cells, options: DriftOptions): Outcome {
  const { n, m } = cells;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  const unit = options.logBase === 2 ? Math.LN2 : 1;
  const divergence = divergenceNats(cells) / unit;
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
  return Math.sqrt(Math.max(0, (divergenceNats(cells) - (freedom * scale) / 8) / Math.LN2));
}

/** Per cell (p + q)/2 times (1 + d) log(1 + d) + (1 - d) log(1 - d), halved, with d = (p - q) / (p + q). */
function divergenceNats({ reference, current, n, m }: Cells): number {
  let sum = 0;
  for (let index = 0; index < reference.length; index += 1) {
    const p = (reference[index] as number) / n;
    const q = (current[index] as number) / m;
    sum += ((p + q) / 4) * twoSidedEntropy(Math.abs(p - q) / (p + q));
  }
  return sum;
}

/** (1 + d) log(1 + d) + (1 - d) log(1 - d) for 0 <= d <= 1; by its series where the terms would cancel. */
function twoSidedEntropy(d: number): number {
  if (d === 1) return 2 * Math.LN2;
  if (d > 0.2) return (1 + d) * Math.log1p(d) + (1 - d) * Math.log1p(-d);
  let power = 1;
  let sum = 0;
  for (let k = 1; k <= 12; k += 1) {
    power *= d * d;
    sum += power / (k * (2 * k - 1));
  }
  return sum;
}

/** Hellinger distance: the root of half the sum of (root p - root q)^2, in [0, 1]. */
export function hellinger(cells: Cells, { alpha }: DriftOptions): Outcome {
  const { reference, current, n, m } = cells;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  let sum = 0;
  for (let index = 0; index < reference.length; index += 1) {
    sum += (Math.sqrt((reference[index] as number) / n) - Math.sqrt((current[index] as number) / m)) ** 2;
  }
  const { freedom, scale } = noChange(cells);
  const limit = freedom === 0 ? 0 : Math.sqrt((chiSquaredTailQuantile(alpha, freedom) * scale) / 8);
  return { statistic: Math.sqrt(sum / 2), n, m, limit, details: { numCells: reference.length } };
}

/** Total variation: half the sum of |p - q|, in [0, 1]. */
export function totalVariation(cells: Cells): Outcome {
  return ofDifferences(cells, (differences) => differences.reduce((sum, value) => sum + value, 0) / 2);
}

/** The greatest |p - q| of one category. */
export function greatestShift(cells: Cells): Outcome {
  return ofDifferences(cells, (differences) => differences.reduce((most, value) => Math.max(most, value), 0));
}

function ofDifferences(cells: Cells, statisticOf: (differences: Float64Array) => number): Outcome {
  const { reference, current, n, m } = cells;
  const logPValue = logChiSquaredOf(cells);
  if (logPValue === undefined) return { reason: emptyReason(n, m) };
  const differences = reference.map((count, index) => Math.abs(count / n - (current[index] as number) / m));
  return {
    statistic: statisticOf(differences),
    n,
    m,
    companion: { method: "chi-squared", logPValue },
    details: { numCells: reference.length },
  };
}
