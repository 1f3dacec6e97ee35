import { FIRST_LATENCY_EDGE_US, LATENCY_BINS } from "@fedge/protocol";

const P95 = 0.95;

/** Upper edge of a bin, microseconds; the last bin has none. */
export function edgeUs(bin: number): number {
  return bin >= LATENCY_BINS - 1 ? Number.POSITIVE_INFINITY : FIRST_LATENCY_EDGE_US * 2 ** bin;
}

export function summed(histograms: readonly (readonly number[])[]): readonly number[] {
  return Array.from({ length: LATENCY_BINS }, (_, bin) =>
    histograms.reduce((sum, histogram) => sum + (histogram[bin] ?? 0), 0),
  );
}

/** The 95th percentile, interpolated in its bin by the logarithm; null without predictions. Microseconds. */
export function p95Us(histogram: readonly number[]): number | null {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let before = 0;
  for (const [bin, count] of histogram.entries()) {
    if (before + count >= P95 * total) {
      const low = bin === 0 ? FIRST_LATENCY_EDGE_US / 2 : FIRST_LATENCY_EDGE_US * 2 ** (bin - 1);
      return low * 2 ** ((P95 * total - before) / count);
    }
    before += count;
  }
  return null;
}

/**
 * Predictions that took longer than the limit, and all of them: those in the limit's own bin are shared by the logarithm, as
 * the percentile is. So the limit's share is 5 % exactly where the limit is the percentile.
 */
export function slowCounts(histogram: readonly number[], limitUs: number) {
  const hits = histogram.reduce((sum, count, bin) => sum + count * shareAbove(bin, limitUs), 0);
  return { hits, trials: histogram.reduce((sum, count) => sum + count, 0) };
}

function shareAbove(bin: number, limitUs: number): number {
  const lowUs = bin === 0 ? FIRST_LATENCY_EDGE_US / 2 : FIRST_LATENCY_EDGE_US * 2 ** (bin - 1);
  return Math.min(1, Math.max(0, 1 - Math.log2(limitUs / lowUs)));
}
