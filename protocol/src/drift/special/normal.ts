import { logGammaUpper } from "./gamma-tail.js";
import { logOneMinusExp } from "./log-sum.js";

/** log erfc(x) for any x; erfc(x) = Q(1/2, x^2) for x >= 0. */
export function logErfc(x: number): number {
  if (x >= 0) return logGammaUpper(0.5, x * x);
  // erfc(x) = 2 - erfc(-x)
  return Math.LN2 + logOneMinusExp(logGammaUpper(0.5, x * x) - Math.LN2);
}

/** The complementary error function; relative error below 1e-13 down to 1e-308. */
export function erfc(x: number): number {
  return Math.exp(logErfc(x));
}

/** log P(Z > z) of the standard normal. */
export function logNormalTail(z: number): number {
  return logErfc(z / Math.SQRT2) - Math.LN2;
}

/** P(Z > z) of the standard normal. */
export function normalTail(z: number): number {
  return Math.exp(logNormalTail(z));
}

/** log P(|Z| > |z|) of the standard normal. */
export function logTwoSidedNormal(z: number): number {
  return logErfc(Math.abs(z) / Math.SQRT2);
}

/** P(|Z| > |z|) of the standard normal. */
export function twoSidedNormal(z: number): number {
  return Math.exp(logTwoSidedNormal(z));
}

/**
 * The z with P(Z > z) = e^logTail, for logTail <= 0. Newton's method on the logarithm of the tail, which is concave, so that
 * it converges from either side also where the tail itself underflows.
 */
export function normalTailQuantile(logTail: number): number {
  if (logTail === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY;
  if (logTail >= 0) return logTail === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (logTail > -Math.LN2) return -normalTailQuantile(logOneMinusExp(logTail));
  let z = Math.sqrt(Math.max(0, -2 * (logTail + Math.LN2)));
  for (let step = 0; step < 100; step += 1) {
    const log = logNormalTail(z);
    const logDensity = -0.5 * z * z - 0.5 * Math.log(2 * Math.PI);
    const change = (log - logTail) / Math.exp(logDensity - log);
    z += change;
    if (Math.abs(change) <= 1e-15 * (1 + Math.abs(z))) break;
  }
  return z;
}

/** The value below which a standard normal lies with this probability, which is in (0, 1); NaN outside. */
export function normalQuantile(probability: number): number {
  if (!(probability > 0 && probability < 1)) return Number.NaN;
  return probability <= 0.5
    ? -normalTailQuantile(Math.log(probability))
    : normalTailQuantile(Math.log1p(-probability));
}
