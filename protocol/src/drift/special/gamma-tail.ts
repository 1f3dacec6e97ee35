import { logPoissonTerm } from "./binomial.js";
import { logOneMinusExp } from "./log-sum.js";

const MOST_STEPS = 1_000_000;
const EPSILON = 2 ** -54;
const TINY = 1e-290;

/**
 * log Q(a, x), the regularised upper incomplete gamma function, for a > 0 and x >= 0; exact in its far tail.
 *
 * The series of P below a + 1, Legendre's continued fraction above (NIST DLMF 8.11.4, 8.9.2).
 */
export function logGammaUpper(a: number, x: number): number {
  if (x <= 0) return 0;
  if (x === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  if (x < a + 1) return logOneMinusExp(Math.min(0, logLowerSeries(a, x)));
  return logPoissonTerm(a, x) + Math.log(a) + Math.log(upperFraction(a, x));
}

/** log P(a, x), the regularised lower incomplete gamma function. */
export function logGammaLower(a: number, x: number): number {
  if (x <= 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return 0;
  if (x < a + 1) return Math.min(0, logLowerSeries(a, x));
  return logOneMinusExp(Math.min(0, logGammaUpper(a, x)));
}

function logLowerSeries(a: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let step = 1; step < MOST_STEPS && term > sum * EPSILON; step += 1) {
    term *= x / (a + step);
    sum += term;
  }
  return logPoissonTerm(a, x) + Math.log(sum);
}

/** 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - …))), by the modified method of Lentz. */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let value = d;
  for (let step = 1; step < MOST_STEPS; step += 1) {
    const numerator = -step * (step - a);
    b += 2;
    d = 1 / notZero(numerator * d + b);
    c = notZero(b + numerator / c);
    const factor = c * d;
    value *= factor;
    if (Math.abs(factor - 1) < 4 * EPSILON) break;
  }
  return value;
}

function notZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
