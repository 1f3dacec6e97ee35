import {
  logWeightedChiSquaredTail,
  weightedChiSquared,
  type WeightedChiSquared,
} from "../special/weighted-chi-squared.js";

/** Of the mean of cosines, each in [-1, 1]: an integer of 16 bits, whose rounding adds below 1e-9 to a squared distance. */
export const COSINE_SCALE = 32_767;

/** What a reference says of vectors without saying any of them. */
export interface VectorReference {
  /** Of `root(2 / D) cos(w x + b)`, cosine by cosine. */
  readonly mean: Float64Array;
  /** Rows that the mean is of. */
  readonly numRows: number;
  /** Of `n m / (n + m)` times the squared distance of the means of n and m rows of the reference. */
  readonly byChance: WeightedChiSquared;
}

/** How far vectors are from a reference, and how sure that is. */
export interface VectorDistance {
  /** Root of the squared distance without what chance gives; 0 where it gives more. */
  readonly excess: number;
  readonly logPValue: number;
}

/**
 * How far the mean of these rows' cosines is from the reference's: the maximum mean discrepancy by random Fourier features.
 * Where both are of one distribution, `n m / (n + m)` times its square is a sum of weighted chi-squared variables, the
 * weights being the eigenvalues of the cosines' covariance, which the reference gives by their sums of powers.
 *
 * Source: A. Gretton et al., JMLR 13, 2012, theorem 12.
 */
export function distanceFrom(
  { mean, numRows, byChance }: VectorReference,
  current: Float64Array,
  numCurrent: number,
): VectorDistance {
  const square = current.reduce((sum, value, at) => sum + (value - (mean[at] as number)) ** 2, 0);
  const size = (numRows * numCurrent) / (numRows + numCurrent);
  return {
    excess: Math.sqrt(Math.max(0, square - byChance.mean / size)),
    logPValue: logWeightedChiSquaredTail(size * square, byChance),
  };
}

/** What chance gives rows whose cosines have this covariance, row after row: by the sums of its eigenvalues' powers. */
export function chanceOf(covariance: Float64Array, size: number): WeightedChiSquared {
  let [sum, squares, cubes] = [0, 0, 0];
  for (let row = 0; row < size; row += 1) {
    sum += covariance[row * size + row] as number;
    for (let column = 0; column < size; column += 1) {
      const value = covariance[row * size + column] as number;
      squares += value * value;
      let product = 0;
      for (let at = 0; at < size; at += 1)
        product += (covariance[row * size + at] as number) * (covariance[column * size + at] as number);
      cubes += product * value;
    }
  }
  return weightedChiSquared(sum, squares, cubes);
}
