import { equalMassEdges } from "@fedge/protocol/drift";
import {
  DEFAULT_METHODS,
  MAX_CATEGORIES,
  type CategoricalFeature,
  type EffectFloors,
  type FeatureValue,
  type NumericFeature,
  type ProfileFeature,
} from "@fedge/protocol/profile";
import type { FeatureDraft } from "./feature-drafts.js";
import type { CollectedValues } from "./value-collector.js";

/** Effects that matter where nobody says otherwise; see docs/drift.md. */
export const DEFAULT_FLOORS: EffectFloors = { jensenShannon: 0.1, psi: 0.1, meanShift: 0.25 };
/** One row in a hundred may break the schema. */
export const DEFAULT_MOSTLY = 0.99;

/** Bins of a numeric feature, by the rule of `fedge drift test`: one rule says what both compare. */
const NUM_BINS = 20;
/** Numbers of so few different values are names of things. */
const FEW_VALUES = 5;
/** Below this nothing is inferred from how few or many different values there are. */
const ENOUGH_VALUES = 50;
/** A column is of numbers when so many of its values are. */
const MOSTLY_NUMBERS = 0.95;

/** A feature whose counts are still zeros, or why it cannot be one. */
export type Inferred = ProfileFeature | { readonly skipped: string };

/** The feature that the values suggest. */
export function inferFeature(draft: FeatureDraft, values: CollectedValues): Inferred {
  if (typeof draft.form === "number") return ofClasses(draft, values, draft.form);
  const numValues = values.numNumbers + values.numOthers;
  if (numValues === 0) return { skipped: "every value is missing" };
  if (draft.form === "numeric" || isNumeric(values, numValues)) return numeric(draft, values);
  if (numValues >= ENOUGH_VALUES && values.distinct.size > numValues / 2)
    return { skipped: "most rows have a value of their own, as names or identifiers have" };
  return categorical(draft, values, { categories: commonest(values.distinct), isClosed: false });
}

function isNumeric({ numNumbers, distinct }: CollectedValues, numValues: number): boolean {
  if (numNumbers < MOSTLY_NUMBERS * numValues) return false;
  return numValues < ENOUGH_VALUES || distinct.size > FEW_VALUES;
}

function numeric(draft: FeatureDraft, values: CollectedValues): Inferred {
  const { sorted, mean, std } = values;
  if (sorted.length === 0) return { skipped: "no value is a finite number" };
  const edges = edgesOf(sorted);
  if (edges.length < 2) return { skipped: "every finite number is the greatest that there is" };
  const counts = Array<number>(edges.length + 4).fill(0);
  const feature: NumericFeature = {
    ...{ kind: "numeric", ...named(draft, values), range: rangeOf(draft, values), edges, mean, std },
    ...{ counts, floors: DEFAULT_FLOORS, methods: [...DEFAULT_METHODS.numeric] },
  };
  return feature;
}

/** Nothing is above the greatest double: it closes the last bin itself. JSON would not tell -0 from 0. */
function edgesOf(sorted: Float64Array): number[] {
  const edges = equalMassEdges(sorted, NUM_BINS).filter(Number.isFinite);
  return Array.from(edges, (edge) => edge + 0);
}

/** As far again as the values reach to each side: a wrong unit leaves it, an unusual value does not. */
function rangeOf({ source }: FeatureDraft, { min, max }: CollectedValues): NumericFeature["range"] {
  const span = max - min;
  if (source.take === "zero-share" || source.take === "share-of") return { min: 0, max: 1 };
  if (span === 0 || !Number.isFinite(span)) return { min: null, max: null };
  const [low, high] = [min - span, max + span];
  const finite = (bound: number): number | null => (Number.isFinite(bound) ? bound : null);
  return { min: min >= 0 ? Math.max(0, low) : finite(low), max: finite(high) };
}

/** Where there are more classes than categories, the commonest are told apart. */
function ofClasses(draft: FeatureDraft, values: CollectedValues, numClasses: number): CategoricalFeature {
  const categories =
    numClasses <= MAX_CATEGORIES
      ? Array.from({ length: numClasses }, (_, at) => at)
      : commonest(values.distinct);
  if (categories.length === 0) categories.push(0);
  return categorical(draft, values, { categories, isClosed: numClasses <= MAX_CATEGORIES });
}

function categorical(
  draft: FeatureDraft,
  values: CollectedValues,
  { categories, isClosed }: Pick<CategoricalFeature, "categories" | "isClosed">,
): CategoricalFeature {
  const isBoolean = categories.every((category) => typeof category === "boolean");
  const all = isBoolean ? [false, true] : categories;
  const counts = Array<number>(all.length + 3).fill(0);
  const floors = DEFAULT_FLOORS;
  return {
    ...{ kind: "categorical", ...named(draft, values), isClosed: isClosed || isBoolean, categories: all },
    ...{ counts, floors, methods: [...DEFAULT_METHODS.categorical] },
  };
}

function named({ name, source, role, privacy }: FeatureDraft, { numMissing }: CollectedValues) {
  const required = numMissing === 0 && role !== "label";
  return { name, source, role, privacy, importance: 1, required, mostly: DEFAULT_MOSTLY };
}

/** At most `MAX_CATEGORIES`, the commonest first; of equals the one that sorts first. Texts that are too long are no categories. */
function commonest(distinct: ReadonlyMap<FeatureValue, number>): CategoricalFeature["categories"] {
  const known = [...distinct].filter(
    (entry): entry is [string | number | boolean, number] => !isTooLong(entry[0]),
  );
  const order = known.sort(([a, m], [b, n]) => n - m || compare(String(a), String(b)));
  return order.slice(0, MAX_CATEGORIES).map(([value]) => value);
}

function isTooLong(value: FeatureValue): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  return value === null || (typeof value === "string" && value.length > 128);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
