/** Rows below a cell, and in it. */
export type Places = readonly [below: number, inside: number];

/**
 * n (below + inside / 2) of the second sample minus m times that of the first: how far the distribution functions are apart at the middle of a
 * cell, times n m. Exact beyond the whole doubles, where counts are large.
 */
export function middleDifference(n: number, m: number, first: Places, second: Places): number {
  if (n * m < Number.MAX_SAFE_INTEGER / 4)
    return n * (second[0] + second[1] / 2) - m * (first[0] + first[1] / 2);
  const twice = ([below, inside]: Places): bigint => 2n * BigInt(below) + BigInt(inside);
  return Number(BigInt(n) * twice(second) - BigInt(m) * twice(first)) / 2;
}
