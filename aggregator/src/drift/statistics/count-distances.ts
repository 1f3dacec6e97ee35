/** A share of 0 counts as this in the index; the zero rule that every score names. */
export const ZERO_SHARE = 1e-4;

/** Shares of cells; of the reference and of what devices counted, in the same cells. */
export type Shares = Float64Array;

/** Counts as shares of their total; all 0 without any. */
export function sharesOf(counts: ArrayLike<number>, total: number): Shares {
  const shares = new Float64Array(counts.length);
  if (!(total > 0)) return shares;
  for (let cell = 0; cell < shares.length; cell += 1) shares[cell] = (counts[cell] as number) / total;
  return shares;
}

/** Bins of a numeric feature in the order of their values: below, the bins, above. */
export function inOrder(shares: Shares, numBins: number): Shares {
  const ordered = new Float64Array(numBins + 2);
  let total = 0;
  for (let cell = 0; cell < ordered.length; cell += 1) {
    const share = shares[cell === 0 ? numBins : cell > numBins ? cell : cell - 1] as number;
    ordered[cell] = share;
    total += share;
  }
  if (!(total > 0)) return ordered;
  for (let cell = 0; cell < ordered.length; cell += 1) ordered[cell] = (ordered[cell] as number) / total;
  return ordered;
}

/** Kolmogorov-Smirnov's distance of binned rows: the greatest difference of the distribution functions at the edges. */
export function edgeDistance(p: Shares, q: Shares): number {
  let [difference, most] = [0, 0];
  for (let cell = 0; cell < p.length; cell += 1) {
    difference += (q[cell] as number) - (p[cell] as number);
    most = Math.max(most, Math.abs(difference));
  }
  return most;
}

/**
 * Wasserstein-1 of binned rows in the unit of the values, rows at `places` (`placesOf`).
 * Of rows within their bins the distance is within `binError` of it.
 */
export function transportDistance(p: Shares, q: Shares, places: readonly number[]): number {
  let [difference, sum] = [0, 0];
  for (let cell = 0; cell + 1 < p.length; cell += 1) {
    difference += (q[cell] as number) - (p[cell] as number);
    sum += Math.abs(difference) * ((places[cell + 1] as number) - (places[cell] as number));
  }
  return sum;
}

/** How far rows within the edges can be from the middles of their bins, on average, both sides together. */
export function binError(p: Shares, q: Shares, edges: readonly number[]): number {
  let error = 0;
  for (let bin = 0; bin + 1 < edges.length; bin += 1) {
    const width = (edges[bin + 1] as number) - (edges[bin] as number);
    error += (((p[bin + 1] as number) + (q[bin + 1] as number)) * width) / 2;
  }
  return error;
}

/** The outer edges, and between them the middle of each bin. */
export function placesOf(edges: readonly number[]): number[] {
  const middles = edges.slice(1).map((edge, bin) => (edge + (edges[bin] as number)) / 2);
  return [edges[0] as number, ...middles, edges[edges.length - 1] as number];
}
