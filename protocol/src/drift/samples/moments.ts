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
