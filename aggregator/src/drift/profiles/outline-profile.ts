import { FedgeError, type ModelName } from "@fedge/protocol";
import {
  MAX_BINS,
  MAX_CATEGORIES,
  MAX_FEATURES,
  PROFILE_FORMAT,
  checkProfile,
  type CategoricalFeature,
  type NumericFeature,
  type ProfileFeature,
  type ReferenceProfile,
  type WindowPolicy,
} from "@fedge/protocol/profile";
import { layoutSha256Of, outcomesOf } from "./build-profile.js";
import type { FeatureDraft, ProfiledModel } from "./feature-drafts.js";
import { DEFAULT_FLOORS, DEFAULT_MOSTLY } from "./infer-feature.js";

/** Which values a person expects of a feature, where there are no data to infer it from. */
export type Expectation =
  { readonly min: number; readonly max: number } | { readonly categories: CategoricalFeature["categories"] };

export interface OutlineParts {
  readonly model: ModelName;
  readonly shape: ProfiledModel;
  readonly drafts: readonly FeatureDraft[];
  /** By the feature's name. */
  readonly expectations: ReadonlyMap<string, Expectation>;
  readonly window: WindowPolicy;
}

/** As fine as a profile may be: what the fleet counts in them is put together to bins of equal mass. */
const NUM_BINS = MAX_BINS;

/**
 * A profile without a reference: what is expected and not what was seen, with counts of zero, so that devices count and nothing
 * is judged. What the fleet counts becomes the reference (`fedge profile from-fleet`); nobody's values are needed in one place.
 *
 * Throws OPTION_INVALID naming features without an expectation, or an expectation of what is no feature.
 */
export function outlineProfile({
  model,
  shape,
  drafts,
  expectations,
  window,
}: OutlineParts): ReferenceProfile {
  requireExpected(drafts, expectations);
  const features = drafts.map((draft) => featureOf(draft, expectationOf(draft, expectations) as Expectation));
  const outcomes = outcomesOf(shape, features);
  const origin = "what is expected; no data were seen";
  return checkProfile({
    ...{ format: PROFILE_FORMAT, model, numRows: 0, origin, reviewedBy: null, features, window, outcomes },
    layoutSha256: layoutSha256Of({ features, outcomes, window }),
  });
}

function requireExpected(drafts: readonly FeatureDraft[], expectations: OutlineParts["expectations"]): void {
  const names = new Set(drafts.map(({ name }) => name));
  const strangers = [...expectations.keys()].filter((name) => !names.has(name));
  if (strangers.length > 0)
    throw invalid(`${quoted(strangers)} is no feature; there are ${quoted([...names])}`);
  const missing = drafts.filter((draft) => expectationOf(draft, expectations) === undefined);
  if (missing.length > 0) {
    const [first = ""] = missing.map(({ name }) => name);
    const remedy = `say it for each: --expect '${first}=0..100' or --expect '${first}=red|green', or leave it out with --leave-out`;
    throw invalid(`nothing is expected of ${quoted(missing.map(({ name }) => name))}; ${remedy}`);
  }
  if (drafts.length === 0 || drafts.length > MAX_FEATURES)
    throw invalid(`there are ${drafts.length} features; a profile has 1 to ${MAX_FEATURES}`);
}

/** A person's, or what the feature cannot help being; undefined where neither is known. */
function expectationOf(
  { name, form, source }: FeatureDraft,
  expectations: OutlineParts["expectations"],
): Expectation | undefined {
  const given = expectations.get(name);
  if (given !== undefined) return given;
  if (typeof form === "number" && form <= MAX_CATEGORIES)
    return { categories: Array.from({ length: form }, (_, at) => at) };
  const isShare = ["zero-share", "share-of", "top-score"].includes(source.take);
  return isShare ? { min: 0, max: 1 } : undefined;
}

function featureOf(draft: FeatureDraft, expected: Expectation): ProfileFeature {
  const { name, source, role, privacy } = draft;
  // Nobody knows yet whether some rows have none.
  const rules = { required: false, mostly: DEFAULT_MOSTLY, importance: 1, floors: DEFAULT_FLOORS };
  const named = { name, source, role, privacy, ...rules };
  if ("categories" in expected) {
    const { categories } = expected;
    const counts = Array<number>(categories.length + 3).fill(0);
    return { ...named, kind: "categorical", isClosed: false, categories, counts };
  }
  return { ...named, ...uniform(expected) };
}

/** Mean and deviation of equally likely values: sums of moments are in these units until the fleet's own are known. */
function uniform({
  min,
  max,
}: {
  readonly min: number;
  readonly max: number;
}): Pick<NumericFeature, "kind" | "range" | "edges" | "mean" | "std" | "counts"> {
  const width = (max - min) / NUM_BINS;
  const edges = Array.from({ length: NUM_BINS + 1 }, (_, at) => (at === NUM_BINS ? max : min + at * width));
  const moments = { mean: (min + max) / 2, std: (max - min) / Math.sqrt(12) };
  const counts = Array<number>(NUM_BINS + 5).fill(0);
  return { kind: "numeric", range: { min: null, max: null }, edges, ...moments, counts };
}

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => `"${name}"`);
  return names.length > shown.length
    ? `${shown.join(", ")} and ${names.length - shown.length} more`
    : shown.join(", ");
}

function invalid(message: string): FedgeError {
  return new FedgeError("OPTION_INVALID", message);
}
