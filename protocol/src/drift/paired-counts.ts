import { logBinomialTerm } from "./special/binomial.js";
import { logChiSquaredTail } from "./special/chi-squared.js";
import { logTwoSidedNormal } from "./special/normal.js";
import { differenceOfProducts } from "./special/products.js";

export interface CountTest {
  readonly statistic: number;
  readonly pValue: number;
  readonly logPValue: number;
}

/**
 * Whether two shares differ, by the pooled z of their difference (second minus first), two-sided. The square of z is Pearson's chi-squared
 * of the 2 x 2 table. Totals above 0; shares that are both 0 or both 1 give z = 0.
 */
export function twoProportions(
  first: { readonly count: number; readonly total: number },
  second: { readonly count: number; readonly total: number },
): CountTest {
  const total = first.total + second.total;
  const pooled = (first.count + second.count) / total;
  const others = (first.total - first.count + (second.total - second.count)) / total;
  const error = Math.sqrt(pooled * others * (1 / first.total + 1 / second.total));
  const difference =
    differenceOfProducts(second.count, first.total, first.count, second.total) / (first.total * second.total);
  return countTest(error === 0 ? 0 : difference / error, logTwoSidedNormal);
}

/**
 * McNemar's test of two models on the same rows: `onlyFirst` and `onlySecond` are the rows that only one of them has right. `exact`
 * is the two-sided binomial test with share 1/2, its statistic the smaller count; `chi-squared` is (b - c)^2 / (b + c), with
 * `hasCorrection` (|b - c| - 1)^2 / (b + c) (Edwards). No such rows give p = 1.
 */
export function mcNemar(
  onlyFirst: number,
  onlySecond: number,
  mode: "exact" | "chi-squared",
  hasCorrection = true,
): CountTest {
  const total = onlyFirst + onlySecond;
  const gap = Math.abs(onlyFirst - onlySecond);
  if (mode === "exact") {
    const smaller = Math.min(onlyFirst, onlySecond);
    return countTest(smaller, () => (gap === 0 ? 0 : logTwoSidedBinomial(smaller, total)));
  }
  const difference = Math.max(0, gap - (hasCorrection ? 1 : 0));
  const statistic = total === 0 ? 0 : difference ** 2 / total;
  return countTest(statistic, (value) => logChiSquaredTail(value, 1));
}

/** log of twice P(X <= count) for share 1/2, terms by their ratio from the largest down. */
function logTwoSidedBinomial(count: number, total: number): number {
  let term = 1;
  let sum = 1;
  for (let x = count; x > 0 && term > sum * 1e-18; x -= 1) {
    term *= x / (total - x + 1);
    sum += term;
  }
  return Math.LN2 + logBinomialTerm(count, total, 0.5, 0.5) + Math.log(sum);
}

function countTest(statistic: number, logOf: (statistic: number) => number): CountTest {
  const logPValue = Math.min(0, logOf(statistic));
  return { statistic, logPValue, pValue: Math.exp(logPValue) };
}
