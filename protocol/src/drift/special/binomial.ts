import { logGamma, stirlingError } from "./log-gamma.js";

const LOG_TWO_PI = Math.log(2 * Math.PI);

/**
 * x log(x / mean) + mean - x without cancellation, for x > 0 and mean > 0. `difference` is x - mean, which callers often know
 * exactly.
 *
 * Source: C. Loader 2000, the deviance bd0.
 */
export function deviance(x: number, mean: number, difference = x - mean): number {
  if (Math.abs(difference) > 0.1 * (x + mean)) return x * Math.log(x / mean) - difference;
  const ratio = difference / (x + mean);
  let sum = difference * ratio;
  let term = 2 * x * ratio;
  for (let index = 1; index < 1000; index += 1) {
    term *= ratio * ratio;
    const next = sum + term / (2 * index + 1);
    if (next === sum) return next;
    sum = next;
  }
  return sum;
}

/** log of mean^x e^-mean / gamma(x + 1), for real x > 0 and mean > 0: the factor before incomplete gamma functions. */
export function logPoissonTerm(x: number, mean: number): number {
  if (x < 1) return x * Math.log(mean) - mean - logGamma(x + 1);
  return -stirlingError(x) - deviance(x, mean) - 0.5 * (LOG_TWO_PI + Math.log(x));
}

/**
 * log of gamma(n + 1) / (gamma(x + 1) gamma(n - x + 1)) p^x q^(n - x), for real 0 <= x <= n and p + q = 1. Both
 * probabilities are given, so that neither loses its digits.
 */
export function logBinomialTerm(x: number, n: number, p: number, q: number): number {
  if (x === 0) return n === 0 ? 0 : n * logOf(q, p);
  if (x === n) return n * logOf(p, q);
  if (p === 0 || q === 0) return Number.NEGATIVE_INFINITY;
  const rest = n - x;
  const errors = stirlingError(n) - stirlingError(x) - stirlingError(rest);
  const spread = LOG_TWO_PI + Math.log(x) + Math.log(rest) - Math.log(n);
  return errors - deviance(x, n * p) - deviance(rest, n * q) - 0.5 * spread;
}

function logOf(probability: number, complement: number): number {
  return complement < 0.1 ? Math.log1p(-complement) : Math.log(probability);
}

/** log of the hypergeometric probability of x marked ones among `drawn` from `marked` marked and `plain` others. */
export function logHypergeometric(x: number, marked: number, plain: number, drawn: number): number {
  const total = marked + plain;
  if (drawn === 0 || drawn === total) return 0;
  const p = drawn / total;
  const q = (total - drawn) / total;
  return (
    logBinomialTerm(x, marked, p, q) +
    logBinomialTerm(drawn - x, plain, p, q) -
    logBinomialTerm(drawn, total, p, q)
  );
}
