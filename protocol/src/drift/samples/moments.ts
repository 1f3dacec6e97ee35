export interface Moments {
  readonly n: number;
  readonly mean: number;
  /** Unbiased; NaN below two values. */
  readonly variance: number;
}

/** Mean and variance in two passes, the second with its rounding taken back (Chan, Golub, LeVeque 1983). */
export function momentsOf(values: ArrayLike<number>): Moments {
  const n = values.length;
  let sum = 0;
  for (let index = 0; index < n; index += 1) sum += values[index] as number;
  const mean = sum / n;
  let squares = 0;
  let rest = 0;
  for (let index = 0; index < n; index += 1) {
    const difference = (values[index] as number) - mean;
    squares += difference * difference;
    rest += difference;
  }
  return { n, mean: mean + rest / n, variance: n < 2 ? Number.NaN : (squares - (rest * rest) / n) / (n - 1) };
}

/** Moments of two samples in one unit, in which neither their size nor a common offset costs digits. */
export interface MomentPair {
  readonly reference: Moments;
  readonly current: Moments;
  /** How many units of the values one unit of the moments is; a power of two. The means are from the mean of the reference on. */
  readonly unit: number;
  /** Of the reference, in the unit of the values. */
  readonly mean: number;
}

/**
 * Moments from the mean of the reference on, of values divided by a power of two near the largest: timestamps in milliseconds, 1e13 plus a
 * little, 1e-200 and 1e308 keep their digits. NaN where a value is infinite or a sample is empty.
 */
export function momentsOfPair(reference: Float64Array, current: Float64Array): MomentPair {
  const unit = powerOfTwoNear(Math.max(largestOf(reference), largestOf(current)));
  const offset = momentsOf(reference.map((value) => value / unit)).mean;
  const shifted = (values: Float64Array): Moments =>
    isConstant(values)
      ? {
          n: values.length,
          mean: (values[0] as number) / unit - offset,
          variance: values.length < 2 ? Number.NaN : 0,
        }
      : momentsOf(values.map((value) => value / unit - offset));
  return { reference: shifted(reference), current: shifted(current), unit, mean: offset * unit };
}

/** The power of two at or below a size above 0, between 2^-1000 and 2^1000; 1 for 0 and for what is not finite. */
export function powerOfTwoNear(size: number): number {
  if (!(size > 0) || size === Number.POSITIVE_INFINITY) return 1;
  return 2 ** Math.max(-1000, Math.min(1000, Math.floor(Math.log2(size))));
}

/** Without its sign; 0 of none. */
export function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < values.length; index += 1)
    largest = Math.max(largest, Math.abs(values[index] as number));
  return largest;
}

function isConstant(values: Float64Array): boolean {
  return values.length > 0 && values.every((value) => value === values[0]);
}
