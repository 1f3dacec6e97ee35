import type { DriftEffect, Outcome } from "../result.js";
import type { Cells } from "../samples/cells.js";
import { deviance } from "../special/binomial.js";
import { logChiSquaredTail } from "../special/chi-squared.js";
import { differenceOfProducts } from "../special/products.js";
import { emptyReason } from "./kolmogorov-smirnov.js";

/** What a cell of one side adds to the statistic; `difference` is observed - expected. */
type TermOf = (observed: number, expected: number, difference: number) => number;

/** Both sides' counts of each cell; the sides of a cell are as far from what is expected, in opposite directions. */
interface Table {
  readonly observed: readonly [Float64Array, Float64Array];
  readonly expected: readonly [Float64Array, Float64Array];
  /** Observed - expected of the reference. */
  readonly differences: Float64Array;
}

/**
 * Pearson's chi-squared of the table of counts, sum of (observed - expected)^2 / expected, on raw counts, so that samples of different
 * size compare. At one degree of freedom with Yates' correction if `hasYates`, as scipy's `chi2_contingency`. A single
 * cell gives 0 with p = 1.
 */
export function chiSquared(cells: Cells, hasYates: boolean): Outcome {
  return contingency(cells, hasYates, pearson);
}

/**
 * Wilks' likelihood ratio, 2 sum of observed log(observed / expected); scipy's `lambda_="log-likelihood"`. As deviances, which are not
 * negative: expected - observed, which each adds, is nothing in sum.
 */
export function gTest(cells: Cells, hasYates: boolean): Outcome {
  return contingency(
    cells,
    hasYates,
    (observed, expected, difference) =>
      2 * (observed === 0 ? expected : deviance(observed, expected, difference)),
  );
}

/** log p of the chi-squared test, for distances that have no test of their own. `undefined` without rows on a side. */
export function logChiSquaredOf(cells: Cells): number | undefined {
  const outcome = chiSquared(cells, false);
  return "reason" in outcome ? undefined : outcome.logPValue;
}

function pearson(_observed: number, expected: number, difference: number): number {
  return (difference * difference) / expected;
}

function contingency(cells: Cells, hasYates: boolean, termOf: TermOf): Outcome {
  const { n, m } = cells;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  const degreesOfFreedom = cells.labels.length - 1;
  const table = tableOf(cells);
  const isCorrected = hasYates && degreesOfFreedom === 1;
  const statistic = degreesOfFreedom === 0 ? 0 : sumOf(isCorrected ? corrected(table) : table, termOf);
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

/** Observed - expected is (f m - s n) / (n + m) of a cell with f and s rows, which whole counts give exactly. */
function tableOf({ reference, current, n, m }: Cells): Table {
  const share = (rows: number): Float64Array =>
    reference.map((count, index) => ((count + (current[index] as number)) * rows) / (n + m));
  const differences = reference.map(
    (count, index) => differenceOfProducts(count, m, current[index] as number, n) / (n + m),
  );
  return { observed: [reference, current], expected: [share(n), share(m)], differences };
}

/** Every count moved by a half towards its expectation, but not beyond. */
function corrected({ observed: [reference, current], expected, differences }: Table): Table {
  const moves = differences.map((difference) => Math.sign(difference) * Math.min(0.5, Math.abs(difference)));
  return {
    observed: [
      reference.map((count, index) => count - (moves[index] as number)),
      current.map((count, index) => count + (moves[index] as number)),
    ],
    expected,
    differences: differences.map((difference, index) => difference - (moves[index] as number)),
  };
}

function sumOf({ observed, expected, differences }: Table, termOf: TermOf): number {
  let sum = 0;
  differences.forEach((difference, index) => {
    sum += termOf(observed[0][index] as number, expected[0][index] as number, difference);
    sum += termOf(observed[1][index] as number, expected[1][index] as number, -difference);
  });
  return sum;
}

/** The root of chi-squared / rows, uncorrected; in [0, 1] for two samples. */
function cramersV(table: Table, numRows: number, degreesOfFreedom: number): DriftEffect {
  const square = degreesOfFreedom === 0 ? 0 : sumOf(table, pearson);
  return { name: "Cramér's V", value: Math.sqrt(square / numRows) };
}
