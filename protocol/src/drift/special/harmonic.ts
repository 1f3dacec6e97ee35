/** From here on both expansions are exact to the last digit of a double. */
const ASYMPTOTIC_FROM = 32;
const EULER_GAMMA = 0.5772156649015329;

/** 1 + 1/2 + ... + 1/n of a whole n >= 0; to 1e-15 relative (Euler-Maclaurin: DLMF 5.11.2). */
export function harmonicNumber(n: number): number {
  if (n < ASYMPTOTIC_FROM) return sumDown(n, 1);
  const square = 1 / n / n;
  const rest =
    square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))));
  return Math.log(n) + EULER_GAMMA + 0.5 / n - rest;
}

/** 1 + 1/4 + ... + 1/n² of a whole n >= 0; to 1e-15 relative (Euler-Maclaurin: DLMF 5.15.8 and 25.2). */
export function harmonicNumberOfSquares(n: number): number {
  if (n < ASYMPTOTIC_FROM) return sumDown(n, 2);
  const square = 1 / n / n;
  const rest =
    square * (1 / 6 - square * (1 / 30 - square * (1 / 42 - square * (1 / 30 - (square * 5) / 66))));
  return (Math.PI * Math.PI) / 6 - (1 - 0.5 / n + rest) / n;
}

/**
 * The double sum of 1 / ((n - i) j) over 1 <= i < j <= n - 1, as Scholz and Stephens' g. In closed form, because the convolution of 1/k with the
 * harmonic numbers below n is H(n)² less the sum of squares: n of 4 gives 4/9.
 */
export function sharedHarmonic(n: number): number {
  return harmonicNumberOfSquares(n) - (2 * harmonicNumber(n) - 1 / n) / n;
}

/** Smallest terms first. */
function sumDown(n: number, power: number): number {
  let sum = 0;
  for (let k = n; k >= 1; k -= 1) sum += 1 / k ** power;
  return sum;
}
