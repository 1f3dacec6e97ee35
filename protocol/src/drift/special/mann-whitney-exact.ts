import { logBinomial } from "./log-gamma.js";

/**
 * log P(U >= u) of the Mann-Whitney statistic of samples without ties, exactly; u is a whole number from 0 to n m. Memory
 * grows with n m min(n, m).
 *
 * The number of orders with a given U is a coefficient of a Gaussian binomial, built up by f(i, j, k) = f(i - 1, j, k - j) +
 * f(i, j - 1, k) (Mann and Whitney 1947), in shares of all orders so that nothing overflows.
 */
export function logMannWhitneyTail(u: number, n: number, m: number): number {
  const rest = n * m - u;
  if (rest < 0) return Number.NEGATIVE_INFINITY;
  const [small, large] = n < m ? [n, m] : [m, n];
  let counts = new Float64Array(0);
  const rows: Float64Array<ArrayBuffer>[] = Array.from({ length: small + 1 }, () => Float64Array.of(1));
  for (let j = 1; j <= large; j += 1) {
    for (let i = 1; i <= small; i += 1) {
      rows[i] = nextShares(rows[i - 1] as Float64Array, rows[i] as Float64Array, i, j, rest);
    }
  }
  counts = rows[small] as Float64Array<ArrayBuffer>;
  let sum = 0;
  for (let k = 0; k <= Math.min(rest, counts.length - 1); k += 1) sum += counts[k] as number;
  return sum > 0 ? Math.min(0, Math.log(sum)) : -logBinomial(n + m, n);
}

/** The shares of f(i, j): with weight i/(i+j) the last is of the first sample and beats j, with j/(i+j) it is of the other. */
function nextShares(
  fewer: Float64Array,
  shorter: Float64Array,
  i: number,
  j: number,
  most: number,
): Float64Array<ArrayBuffer> {
  const shares = new Float64Array(Math.min(most, i * j) + 1);
  for (let k = 0; k < shares.length; k += 1) {
    const first = k >= j && k - j < fewer.length ? (fewer[k - j] as number) : 0;
    const other = k < shorter.length ? (shorter[k] as number) : 0;
    shares[k] = (i * first + j * other) / (i + j);
  }
  return shares;
}
