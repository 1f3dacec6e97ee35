import type { NumericFeature, ProfileFeature } from "@fedge/protocol/profile";

/** Cells after the bins: below, above, missing, wrong type, not finite. */
const NUM_TAIL = 5;

/**
 * The feature with at most so many bins of about equal mass: neighbours are put together at those of its edges that are nearest
 * to the quantiles, and their counts added, so that every count stays exact. Categories, and features without any row in a
 * bin, stay as they are. Fine bins over an expected range, counted by a fleet, become a reference this way without anybody's
 * values.
 */
export function withMergedBins(feature: ProfileFeature, numBins: number): ProfileFeature {
  if (feature.kind !== "numeric") return feature;
  const numFine = feature.edges.length - 1;
  const fine = feature.counts.slice(0, numFine);
  const total = fine.reduce((sum, count) => sum + count, 0);
  if (total === 0 || numFine <= numBins) return feature;
  return merged(feature, [0, ...cutsOf(fine, total, numBins), numFine]);
}

/** Places of fine edges, rising: for each quantile the nearest one, of equals the lower. */
function cutsOf(fine: readonly number[], total: number, numBins: number): number[] {
  const cuts = new Set<number>();
  let [place, below] = [0, 0];
  for (let quantile = 1; quantile < numBins; quantile += 1) {
    const wanted = (quantile * total) / numBins;
    while (place < fine.length && below + (fine[place] as number) <= wanted) below += fine[place++] as number;
    const above = below + (fine[place] ?? 0);
    cuts.add(wanted - below <= above - wanted ? place : place + 1);
  }
  return [...cuts].filter((cut) => cut > 0 && cut < fine.length).sort((a, b) => a - b);
}

function merged(feature: NumericFeature, places: readonly number[]): NumericFeature {
  const bins = places.slice(1).map((end, at) => {
    const own = feature.counts.slice(places[at], end);
    return own.reduce((sum, count) => sum + count, 0);
  });
  const edges = places.map((place) => feature.edges[place] as number);
  return { ...feature, edges, counts: [...bins, ...feature.counts.slice(-NUM_TAIL)] };
}
