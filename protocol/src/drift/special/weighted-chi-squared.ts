import { logChiSquaredTail } from "./chi-squared.js";

/** Mean, variance and degrees of freedom by the skewness of a sum of weighted chi-squared variables. */
export interface WeightedChiSquared {
  readonly mean: number;
  readonly variance: number;
  /** Of the chi-squared variable with the same skewness: 8 κ2³ / κ3². */
  readonly freedom: number;
}

/**
 * The sum of λ_i χ²(1) by the sums of λ, λ² and λ³: its first cumulants are Σλ, 2Σλ² and 8Σλ³.
 */
export function weightedChiSquared(sum: number, squares: number, cubes: number): WeightedChiSquared {
  return { mean: sum, variance: 2 * squares, freedom: squares ** 3 / cubes ** 2 };
}

/**
 * log P(X > x): chi-squared brought to the same mean, variance and skewness, which is exact for equal weights.
 *
 * Source: P. Hall 1983, M. Buckley and G. Eagleson 1988; compared by D. Bodenham and N. Adams, Statistics and Computing 26, 2016.
 */
export function logWeightedChiSquaredTail(
  x: number,
  { mean, variance, freedom }: WeightedChiSquared,
): number {
  const standardised = freedom + ((x - mean) / Math.sqrt(variance)) * Math.sqrt(2 * freedom);
  return standardised <= 0 ? 0 : logChiSquaredTail(standardised, freedom);
}
