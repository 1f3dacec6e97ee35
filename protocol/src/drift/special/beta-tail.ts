import { logBinomialTerm } from "./binomial.js";
import { logOneMinusExp } from "./log-sum.js";

const MOST_STEPS = 1_000_000;
const EPSILON = 2 ** -52;
const TINY = 1e-290;

/**
 * log I_x(a, b), the regularised incomplete beta function, for a, b > 0 and x + y = 1; exact where it is tiny. The upper
 * tail is the same function of (y, x, b, a).
 *
 * Continued fraction of DLMF 8.17.22 by the modified method of Lentz; the factor before it as a binomial term (Loader 2000).
 */
export function logBetaLower(x: number, y: number, a: number, b: number): number {
  if (x <= 0) return Number.NEGATIVE_INFINITY;
  if (y <= 0) return 0;
  if (x > (a + 1) / (a + b + 2)) return logOneMinusExp(Math.min(0, logByFraction(y, x, b, a)));
  return Math.min(0, logByFraction(x, y, a, b));
}

function logByFraction(x: number, y: number, a: number, b: number): number {
  const factor = logBinomialTerm(a, a + b, x, y) + Math.log(b / (a + b));
  return factor + Math.log(fraction(x, a, b));
}

function fraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / notZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let step = 1; step < MOST_STEPS; step += 1) {
    const even = (step * (b - step) * x) / ((a + 2 * step - 1) * (a + 2 * step));
    d = 1 / notZero(1 + even * d);
    c = notZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + step) * (a + b + step) * x) / ((a + 2 * step) * (a + 2 * step + 1));
    d = 1 / notZero(1 + odd * d);
    c = notZero(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < EPSILON) break;
  }
  return value;
}

function notZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
