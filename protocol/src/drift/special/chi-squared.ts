import { logPoissonTerm } from "./binomial.js";
import { logGammaUpper } from "./gamma-tail.js";
import { normalTailQuantile } from "./normal.js";

/** log P(X > x) of chi-squared with so many degrees of freedom; 0 degrees put everything at 0. */
export function logChiSquaredTail(x: number, degreesOfFreedom: number): number {
  if (degreesOfFreedom === 0) return x <= 0 ? 0 : Number.NEGATIVE_INFINITY;
  return logGammaUpper(degreesOfFreedom / 2, x / 2);
}

/** P(X > x) of chi-squared. */
export function chiSquaredTail(x: number, degreesOfFreedom: number): number {
  return Math.exp(logChiSquaredTail(x, degreesOfFreedom));
}

/**
 * The x with P(X > x) = `tail`, for a tail in (0, 1); 0 for 0 degrees of freedom; NaN for another tail.
 *
 * Wilson and Hilferty's cube root of a normal first, then Newton's method on the logarithm of the tail, kept in a bracket.
 */
export function chiSquaredTailQuantile(tail: number, degreesOfFreedom: number): number {
  if (!(tail > 0 && tail < 1)) return Number.NaN;
  if (degreesOfFreedom === 0) return 0;
  const logTail = Math.log(tail);
  const ninth = 2 / (9 * degreesOfFreedom);
  const root = 1 - ninth + normalTailQuantile(logTail) * Math.sqrt(ninth);
  let x = Math.max(degreesOfFreedom * root ** 3, 1e-3 * degreesOfFreedom);
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  for (let step = 0; step < 200; step += 1) {
    const log = logChiSquaredTail(x, degreesOfFreedom);
    if (log > logTail) low = x;
    else high = x;
    const next = newtonStep(x, log, logTail, degreesOfFreedom);
    const isInside = next > low && next < high;
    const chosen = isInside ? next : high === Number.POSITIVE_INFINITY ? 2 * x : (low + high) / 2;
    if (Math.abs(chosen - x) <= 1e-15 * x) return chosen;
    x = chosen;
  }
  return x;
}

/** The density of chi-squared is that of a gamma variable: half of (x/2)^(d/2 - 1) e^(-x/2) / gamma(d/2). */
function newtonStep(x: number, log: number, logTail: number, degreesOfFreedom: number): number {
  const shape = degreesOfFreedom / 2;
  const logDensity = logPoissonTerm(shape, x / 2) + Math.log(shape) - Math.log(x / 2) - Math.LN2;
  return x + (log - logTail) / Math.exp(logDensity - log);
}
