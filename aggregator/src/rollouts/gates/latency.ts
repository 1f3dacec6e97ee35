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

/** Predictions that took longer than the first bin edge at or above the limit, and all of them. */
export function slowCounts(histogram: readonly number[], limitUs: number) {
  const bin = histogram.findIndex((_, at) => edgeUs(at) >= limitUs);
  const hits = histogram.slice(bin + 1).reduce((sum, count) => sum + count, 0);
  return { hits, trials: histogram.reduce((sum, count) => sum + count, 0) };
}
