import type { DriftEffect, Outcome } from "../result.js";
import type { Cells } from "../samples/cells.js";
import { logChiSquaredTail } from "../special/chi-squared.js";
import { emptyReason } from "./kolmogorov-smirnov.js";

interface Table {
  readonly observed: readonly Float64Array[];
  readonly expected: readonly Float64Array[];
}

/**
 * Pearson's chi-squared of the table of counts, sum of (observed - expected)^2 / expected, on raw counts, so that samples of different
 * size compare. At one degree of freedom with Yates' correction if `hasYates`, as scipy's `chi2_contingency`. A single
 * cell gives 0 with p = 1.
 */
export function chiSquared(cells: Cells, hasYates: boolean): Outcome {
  return contingency(cells, hasYates, (observed, expected) => (observed - expected) ** 2 / expected);
}

/** Wilks' likelihood ratio, 2 sum of observed log(observed / expected); scipy's `lambda_="log-likelihood"`. */
export function gTest(cells: Cells, hasYates: boolean): Outcome {
  return contingency(cells, hasYates, (observed, expected) =>
    observed === 0 ? 0 : 2 * observed * Math.log(observed / expected),
  );
}

/** log p of the chi-squared test, for distances that have no test of their own. `undefined` without rows on a side. */
export function logChiSquaredOf(cells: Cells): number | undefined {
  const outcome = chiSquared(cells, false);
  return "reason" in outcome ? undefined : outcome.logPValue;
}

function contingency(
  cells: Cells,
  hasYates: boolean,
  termOf: (observed: number, expected: number) => number,
): Outcome {
  const { n, m } = cells;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  const degreesOfFreedom = cells.labels.length - 1;
  const table = tableOf(cells);
  const isCorrected = hasYates && degreesOfFreedom === 1;
  const observed = isCorrected ? corrected(table) : table.observed;
  const statistic =
    degreesOfFreedom === 0 ? 0 : Math.max(0, sumOf({ observed, expected: table.expected }, termOf));
  const leastExpected = Math.min(...table.expected.map((row) => row.reduce((a, b) => Math.min(a, b))));
  return {
    statistic,
    n,
    m,
    logPValue: logChiSquaredTail(statistic, degreesOfFreedom),
    effect: cramersV(table, n + m, degreesOfFreedom),
    details: { degreesOfFreedom, yates: isCorrected, numCells: cells.labels.length, leastExpected },
  };
}

function tableOf({ reference, current, n, m }: Cells): Table {
  const share = (rows: number): Float64Array =>
    reference.map((count, index) => ((count + (current[index] as number)) * rows) / (n + m));
  return { observed: [reference, current], expected: [share(n), share(m)] };
}

/** Every count moved by a half towards its expectation, but not beyond. */
function corrected({ observed, expected }: Table): Float64Array[] {
  return observed.map((row, side) =>
    row.map((count, index) => {
      const difference = (expected[side]?.[index] as number) - count;
      return count + Math.sign(difference) * Math.min(0.5, Math.abs(difference));
    }),
  );
}

function sumOf(
  { observed, expected }: Table,
  termOf: (observed: number, expected: number) => number,
): number {
  let sum = 0;
  observed.forEach((row, side) =>
    row.forEach((count, index) => {
      sum += termOf(count, expected[side]?.[index] as number);
    }),
  );
  return sum;
}

/** The root of chi-squared / rows, uncorrected; in [0, 1] for two samples. */
function cramersV(table: Table, numRows: number, degreesOfFreedom: number): DriftEffect {
  const square =
    degreesOfFreedom === 0 ? 0 : sumOf(table, (observed, expected) => (observed - expected) ** 2 / expected);
  return { name: "Cramér's V", value: Math.sqrt(square / numRows) };
}
