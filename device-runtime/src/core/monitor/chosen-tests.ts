import { testSamples, type Sample } from "@fedge/protocol/drift";
import type { ProfileFeature, WindowMethod } from "@fedge/protocol/profile";

/**
 * Natural logarithm of the p-value that a method of `fedge drift test` gives a window's counts, by its own code; null where it cannot
 * say anything of them.
 */
export function chosenTest(
  method: WindowMethod,
  feature: ProfileFeature,
  current: ArrayLike<number>,
): number | null {
  const samples = [sampleOf(feature, feature.counts), sampleOf(feature, current)] as const;
  const { pValue, logPValue, details } = testSamples(method, ...samples, { minRows: 1 });
  if (pValue !== undefined) return logPValue ?? Math.log(pValue);
  const companion = details["companion"] as { readonly logPValue: number } | undefined;
  return companion?.logPValue ?? null;
}

/** Missing values and those of a wrong type are judged by the schema. */
function sampleOf(feature: ProfileFeature, counts: ArrayLike<number>): Sample {
  const at = (cell: number): number => counts[cell] as number;
  if (feature.kind === "categorical") {
    const places = Array.from({ length: feature.categories.length + 1 }, (_, place) => place);
    return { categories: Object.fromEntries(places.map((place) => [`c${place}`, at(place)])) };
  }
  const numBins = feature.edges.length - 1;
  const bins = Array.from({ length: numBins }, (_, bin) => at(bin));
  return { edges: feature.edges, counts: bins, below: at(numBins), above: at(numBins + 1) };
}
