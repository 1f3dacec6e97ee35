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
 * Moments of values divided by a power of two near the largest, each sample's around its own mean, with means that count from that of the
 * reference: timestamps in milliseconds, 1e13 plus a little, 1e-200 and 1e308 keep their digits, and so do samples that are far from each
 * other. NaN where a value is infinite or a sample is empty.
 */
export function momentsOfPair(reference: Float64Array, current: Float64Array): MomentPair {
  const unit = powerOfTwoNear(Math.max(largestOf(reference), largestOf(current)));
  const [before, after] = [scaledTo(unit, reference), scaledTo(unit, current)];
  const offset = momentsOf(before).mean;
  return {
    reference: momentsFrom(offset, before),
    current: momentsFrom(offset, after),
    unit,
    mean: offset * unit,
  };
}

/** Whose mean counts from the offset on. */
function momentsFrom(offset: number, values: Float64Array): Moments {
  const n = values.length;
  if (isConstant(values))
    return { n, mean: (values[0] as number) - offset, variance: n < 2 ? Number.NaN : 0 };
  const own = momentsOf(values).mean;
  // From a mean far away the values' own digits would be rounded off; that of two near ones is taken without rounding.
  const { mean, variance } = momentsOf(values.map((value) => value - own));
  return { n, mean: own - offset + mean, variance };
}

function scaledTo(unit: number, values: Float64Array): Float64Array {
  return values.map((value) => value / unit);
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
