/** A share of 0 counts as this in the index; the zero rule that every score names. */
export const ZERO_SHARE = 1e-4;

/** Shares of cells; of the reference and of what devices counted, in the same cells. */
export type Shares = Float64Array;

/** Counts as shares of their total; all 0 without any. */
export function sharesOf(counts: ArrayLike<number>, total: number): Shares {
  return Float64Array.from(counts, (count) => (total > 0 ? count / total : 0));
}

/** Bins of a numeric feature in the order of their values: below, the bins, above. */
export function inOrder(shares: Shares, numBins: number): Shares {
  const ordered = new Float64Array(numBins + 2);
  ordered[0] = shares[numBins] as number;
  for (let bin = 0; bin < numBins; bin += 1) ordered[bin + 1] = shares[bin] as number;
  ordered[numBins + 1] = shares[numBins + 1] as number;
  const total = ordered.reduce((sum, share) => sum + share, 0);
  return total > 0 ? ordered.map((share) => share / total) : ordered;
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
 * Wasserstein-1 of binned rows in the unit of the values, each bin's rows at its middle and rows outside at the outer edge.
 * Of rows within their bins the distance is within `binError` of it.
 */
export function transportDistance(p: Shares, q: Shares, edges: readonly number[]): number {
  const places = placesOf(edges);
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

function placesOf(edges: readonly number[]): number[] {
  const middles = edges.slice(1).map((edge, bin) => (edge + (edges[bin] as number)) / 2);
  return [edges[0] as number, ...middles, edges[edges.length - 1] as number];
}
