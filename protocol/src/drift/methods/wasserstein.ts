import type { Outcome } from "../result.js";
import type { Pooled } from "../samples/pooled.js";
import type { SamplePair } from "../samples/sample.js";
import { differenceOfProducts } from "../special/products.js";
import { emptyReason, kolmogorovSmirnov } from "./kolmogorov-smirnov.js";

/**
 * Wasserstein-1, the integral of |F - G|, in the unit of the values. Of bins: with each bin's rows at its middle (outside the
 * edges: at the outer edge), and how far the rows' own distance can be from that. More than chance by Kolmogorov-Smirnov.
 */
export function wasserstein(pooled: Pooled, pair: SamplePair): Outcome {
  const { n, m } = pooled;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  const places = pair.kind === "bins" ? placesOf(pooled, pair.edges) : pooled.values;
  if (!places.every(Number.isFinite)) return { reason: "infinite values have no distance from others" };
  const statistic = areaBetween(pooled, places);
  const test = kolmogorovSmirnov(pooled, "auto");
  const companion =
    "reason" in test || test.logPValue === undefined
      ? {}
      : { companion: { method: "ks", logPValue: test.logPValue } };
  const details = pair.kind === "bins" ? binDetails(pooled, pair.edges) : {};
  return { statistic, n, m, ...companion, details };
}

/** Rows are counted whole and divided at the end of each step: shares that are added up drift from the whole counts. */
function areaBetween({ n, m, reference, current }: Pooled, places: Float64Array): number {
  let [first, second] = [0, 0];
  let [sum, lost] = [0, 0];
  for (let index = 0; index + 1 < places.length; index += 1) {
    first += reference[index] as number;
    second += current[index] as number;
    const difference = Math.abs(differenceOfProducts(first, m, second, n)) / (n * m);
    const term = difference * ((places[index + 1] as number) - (places[index] as number));
    // What each addition takes from the term is added at the end: a sum of millions would lose digits.
    const next = sum + term;
    lost += sum > term ? sum - next + term : term - next + sum;
    sum = next;
  }
  return Number.isFinite(sum) ? sum + lost : sum;
}

function placesOf({ values }: Pooled, edges: Float64Array): Float64Array {
  const last = edges.length - 1;
  return values.map((bin) => {
    if (bin === 0) return edges[0] as number;
    if (bin > last) return edges[last] as number;
    return ((edges[bin - 1] as number) + (edges[bin] as number)) / 2;
  });
}

/** A row is at most half a bin from the middle; rows outside the edges may be anywhere. */
function binDetails(
  { values, reference, current, n, m }: Pooled,
  edges: Float64Array,
): Record<string, unknown> {
  let error = 0;
  let outside = 0;
  values.forEach((bin, index) => {
    const mass = (reference[index] as number) / n + (current[index] as number) / m;
    if (bin === 0 || bin >= edges.length) outside += mass / 2;
    else error += (mass * ((edges[bin] as number) - (edges[bin - 1] as number))) / 2;
  });
  return { binned: true, statisticWithin: error, shareOutsideEdges: outside };
}
