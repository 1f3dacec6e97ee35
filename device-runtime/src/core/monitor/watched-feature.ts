import {
  cellsOf,
  isCountedApart,
  type CellRange,
  isKnownAtOnce,
  layoutOf,
  missingCellOf,
  valueOf,
  type CategoricalFeature,
  type CellOf,
  type FeatureValue,
  type NumericFeature,
  type ProfileFeature,
  type ReferenceProfile,
  type ValueOf,
  type VectorLayout,
} from "@fedge/protocol/profile";

/**
 * When a feature's value is there: with the request, with the answer, or when the app says it; and then it is the prediction's
 * (`later`), or a row of its own (`apart`).
 */
export type Known = "inputs" | "answer" | "later" | "apart";

/** A feature of a profile with all that counting it takes, made once. */
export interface WatchedFeature {
  readonly feature: ProfileFeature;
  readonly known: Known;
  readonly valueOf: ValueOf;
  readonly cellOf: CellOf;
  readonly missingCell: number;
  /** Whether the value, which is in this cell, breaks the schema. */
  readonly breaks: (value: FeatureValue, cell: number) => boolean;
  readonly countsAt: number;
  readonly weightsAt: number;
  readonly numCells: number;
  /** Of the sum, and one before that of the squares; -1 where there are none. */
  readonly momentsAt: number;
  readonly mean: number;
  /** 1 over the reference's standard deviation. */
  readonly perDeviation: number;
}

export interface WatchedProfile {
  readonly profile: ReferenceProfile;
  readonly layout: VectorLayout;
  readonly features: readonly WatchedFeature[];
}

/** The profile, ready to count against. */
export function watchedProfile(profile: ReferenceProfile): WatchedProfile {
  const layout = layoutOf(profile);
  const features = profile.features.map((feature, at): WatchedFeature => {
    const { counts, weights, moments } = layout.features[at] as VectorLayout["features"][number];
    const isNumeric = feature.kind === "numeric";
    return {
      ...{ feature, known: knownOf(feature), valueOf: valueOf(feature.source), cellOf: cellsOf(feature) },
      missingCell: missingCellOf(feature),
      breaks: isNumeric ? breaksNumeric(feature) : breaksCategorical(feature),
      ...{ countsAt: counts.at, weightsAt: weights.at, numCells: counts.size },
      momentsAt: moments.size > 0 ? moments.at : -1,
      mean: isNumeric ? feature.mean : 0,
      perDeviation: isNumeric && feature.std > 0 ? 1 / feature.std : 0,
    };
  });
  return { profile, layout, features };
}

/** Rows of a feature in a vector: the predictions', or of one that is counted apart as many as came. */
export function numRowsOf({ countsAt, numCells }: WatchedFeature, vector: Uint32Array): number {
  return sumOf({ at: countsAt, size: numCells }, vector);
}

/** What a run of cells counts together. */
export function sumOf({ at, size }: CellRange, vector: Uint32Array): number {
  let sum = 0;
  for (let cell = at; cell < at + size; cell += 1) sum += vector[cell] as number;
  return sum;
}

function knownOf(feature: ProfileFeature): Known {
  const { source } = feature;
  if (isCountedApart(feature)) return "apart";
  if (!isKnownAtOnce(source)) return "later";
  return "of" in source && source.of === "input" ? "inputs" : "answer";
}

/** Missing where it is required, of a wrong type, infinite, or out of range. */
function breaksNumeric({ edges, required, range }: NumericFeature): WatchedFeature["breaks"] {
  const missing = edges.length - 1 + 2;
  const { min, max } = range;
  const [least, most] = [min ?? Number.NEGATIVE_INFINITY, max ?? Number.POSITIVE_INFINITY];
  return (value, cell) => {
    if (cell === missing) return required;
    if (cell > missing) return true;
    const number = Number(value);
    return number < least || number > most;
  };
}

/** Missing where it is required, of a wrong type, or none of a closed list. */
function breaksCategorical({ categories, required, isClosed }: CategoricalFeature): WatchedFeature["breaks"] {
  const other = categories.length;
  return (_, cell) =>
    cell < other ? false : cell === other ? isClosed : cell === other + 1 ? required : true;
}
