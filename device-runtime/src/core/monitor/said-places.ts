import type { Said } from "./prediction-watch.js";
import { placesOf } from "./row-counter.js";
import type { WatchedFeature, WatchedProfile } from "./watched-feature.js";

/**
 * Places of the features of which it says something: of those that belong to the prediction however often, of those that count
 * apart what is said first, for what was sent cannot be taken back.
 */
export function saidPlaces(
  watched: WatchedProfile,
  known: "later" | "apart",
  { fields, fieldsBefore, label }: Pick<Said, "fields" | "fieldsBefore" | "label">,
): Uint8Array {
  return placesOf(watched, known).filter((place) => {
    const { source } = (watched.features[place] as WatchedFeature).feature;
    if (source.take !== "field") return label !== null;
    const isRepeated = known === "apart" && Object.hasOwn(fieldsBefore, source.name);
    return Object.hasOwn(fields, source.name) && !isRepeated;
  });
}
