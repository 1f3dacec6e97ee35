/** Shares of cells, of two samples in the same cells; they need not come from whole counts. */
export type Shares = ArrayLike<number>;

/** Differences p - q of the shares, for who knows them with more digits than the shares leave. */
export type ShareGaps = ArrayLike<number> | undefined;

function gapOf(p: Shares, q: Shares, gaps: ShareGaps, cell: number): number {
  return gaps === undefined ? (p[cell] as number) - (q[cell] as number) : (gaps[cell] as number);
}

/** Population stability index, natural logarithm: sum of (q - p) log(q / p); a share of 0 counts as `zeroFloor`. */
export function stabilityIndex(p: Shares, q: Shares, zeroFloor: number, gaps?: ShareGaps): number {
  let sum = 0;
  for (let cell = 0; cell < p.length; cell += 1) {
    const [first, second] = [p[cell] as number, q[cell] as number];
    if (first === 0 || second === 0) {
      const [least, other] = [first || zeroFloor, second || zeroFloor];
      sum += (other - least) * Math.log(other / least);
      continue;
    }
    const gap = -gapOf(p, q, gaps, cell);
    sum += gap * (Math.abs(gap) < first / 2 ? Math.log1p(gap / first) : Math.log(second / first));
  }
  return sum;
}

/**
 * Jensen-Shannon divergence in nats: per cell (p + q)/2 times (1 + d) log(1 + d) + (1 - d) log(1 - d), halved, with
 * d = (p - q) / (p + q). At most log 2, which rounding would pass.
 */
export function divergenceNats(p: Shares, q: Shares, gaps?: ShareGaps): number {
  let sum = 0;
  for (let cell = 0; cell < p.length; cell += 1) {
    const both = (p[cell] as number) + (q[cell] as number);
    const gap = Math.abs(gapOf(p, q, gaps, cell));
    if (both > 0) sum += (both / 4) * twoSidedEntropy(Math.min(1, gap / both));
  }
  return Math.min(sum, Math.LN2);
}

/** (1 + d) log(1 + d) + (1 - d) log(1 - d) for 0 <= d <= 1; by its series where the terms would cancel. */
function twoSidedEntropy(d: number): number {
  if (d === 1) return 2 * Math.LN2;
  if (d > 0.2) return (1 + d) * Math.log1p(d) + (1 - d) * Math.log1p(-d);
  let power = 1;
  let sum = 0;
  for (let k = 1; k <= 12; k += 1) {
    power *= d * d;
    sum += power / (k * (2 * k - 1));
  }
  return sum;
}

/** The root of half the sum of (root p - root q)^2, in [0, 1]; root p - root q is (p - q) / (root p + root q). */
export function hellingerDistance(p: Shares, q: Shares, gaps?: ShareGaps): number {
  let sum = 0;
  for (let cell = 0; cell < p.length; cell += 1) {
    const roots = Math.sqrt(p[cell] as number) + Math.sqrt(q[cell] as number);
    if (roots > 0) sum += (gapOf(p, q, gaps, cell) / roots) ** 2;
  }
  return Math.min(1, Math.sqrt(sum / 2));
}

/** Half the sum of |p - q|, in [0, 1]. */
export function variationDistance(p: Shares, q: Shares, gaps?: ShareGaps): number {
  let sum = 0;
  for (let cell = 0; cell < p.length; cell += 1) sum += Math.abs(gapOf(p, q, gaps, cell));
  return Math.min(1, sum / 2);
}

/** The greatest |p - q| of one cell, in [0, 1]. */
export function greatestDifference(p: Shares, q: Shares, gaps?: ShareGaps): number {
  let most = 0;
  for (let cell = 0; cell < p.length; cell += 1) most = Math.max(most, Math.abs(gapOf(p, q, gaps, cell)));
  return Math.min(1, most);
}
