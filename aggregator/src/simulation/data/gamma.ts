import type { Random } from "@fedge/protocol";
import { seededNormal } from "@fedge/protocol/drift";

/**
 * The logarithm of a Gamma(shape, 1) draw; shape is above 0.
 *
 * In logarithms because a draw with a small shape is often below the smallest double.
 * Source: Marsaglia and Tsang 2000, "A simple method for generating gamma variables", sections 2 and 6.
 */
export function logGamma(shape: number, random: Random): number {
  if (shape < 1) return logGamma(shape + 1, random) + Math.log(1 - random.unit()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = seededNormal(random);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - random.unit()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}

/** A draw of the symmetric Dirichlet distribution: `length` fractions that sum to 1. */
export function dirichlet(length: number, alpha: number, random: Random): Float64Array {
  const logs = Float64Array.from({ length }, () => logGamma(alpha, random));
  const largest = logs.reduce((most, value) => Math.max(most, value), -Infinity);
  const weights = logs.map((value) => Math.exp(value - largest));
  const sum = weights.reduce((total, value) => total + value, 0);
  return weights.map((value) => value / sum);
}
