import * as z from "zod/mini";
import { FedgeError } from "../errors.js";
import { modelName } from "../ids.js";
import { decodeWith, durationMs, finiteNumber, nonNegativeInt, positiveInt, shortText } from "../schema.js";
import { featureSource } from "./feature-source.js";
import { jointFault, jointReference } from "./joint-reference.js";

export const PROFILE_FORMAT = 1;
export const MAX_PROFILE_BYTES = 512 * 1024;
export const MAX_FEATURES = 128;
export const MAX_BINS = 64;
export const MAX_CATEGORIES = 32;

const sha256Text = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const share = finiteNumber.check(z.gte(0), z.lte(1));

/** How much a value says of a person: `personal` and `sensitive` features need an owner's word before they are monitored. */
export const privacyClass = z.enum(["public", "personal", "sensitive"]);
export type PrivacyClass = z.infer<typeof privacyClass>;

/** What the feature stands for; the page groups by it, and prediction drift only warns. */
export const featureRole = z.enum([
  "input",
  "embedding",
  "text",
  "prediction",
  "score",
  "latency",
  "action",
  "label",
]);
export type FeatureRole = z.infer<typeof featureRole>;

/** Tests of a window's counts that devices can run; their p-values are corrected together. */
export const WINDOW_METHODS = [
  "chi-squared",
  "g-test",
  "ks-binned",
  "cramer-von-mises",
  "mann-whitney",
  "anderson-darling",
  "wasserstein",
  "total-variation",
  "l-infinity",
  "fisher",
] as const;
export type WindowMethod = (typeof WINDOW_METHODS)[number];

/** Which of them are for what. */
const METHODS_OF: Readonly<Record<"numeric" | "categorical", readonly WindowMethod[]>> = {
  numeric: WINDOW_METHODS.slice(0, 8),
  categorical: ["chi-squared", "g-test", "total-variation", "l-infinity", "fisher"],
};

/** What a device runs of a feature whose profile names no methods. */
export const DEFAULT_METHODS: typeof METHODS_OF = {
  numeric: ["chi-squared", "ks-binned"],
  categorical: ["chi-squared"],
};

const schemaRule = {
  /** Whether a missing value breaks the schema. */
  required: z.boolean(),
  /** The share of rows that must keep to the schema (`mostly` of Great Expectations). */
  mostly: share,
};

/** Paths of the API name features, and URLs have no segment `.` or `..`; what turns text around would show another name. */
const featureName = z.string().check(
  z.minLength(1),
  z.maxLength(128),
  z.regex(/^(?!\.\.?$)[^\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*$/u, {
    error: "a name other than . and .., without control characters and marks that turn text around",
  }),
);

const named = {
  name: featureName,
  source: featureSource,
  role: featureRole,
  privacy: privacyClass,
  /** Weight in the order of the list and in the share of drifted features; 1 for most. */
  importance: finiteNumber.check(z.gte(0), z.lte(1000)),
  /** Tests that devices run on the feature's counts; those of `DEFAULT_METHODS` where it is absent. */
  methods: z.optional(z.array(z.enum(WINDOW_METHODS)).check(z.minLength(1), z.maxLength(4))),
};

/** Effects below which a difference is of no matter, however sure it is; after the no-change expectation is taken off. */
export const effectFloors = z.object({
  /** Jensen-Shannon distance, base 2. */
  jensenShannon: share,
  psi: finiteNumber.check(z.gte(0)),
  /** In standard deviations of the reference. */
  meanShift: finiteNumber.check(z.gte(0)),
});
export type EffectFloors = z.infer<typeof effectFloors>;

export const numericFeature = z.object({
  kind: z.literal("numeric"),
  ...named,
  ...schemaRule,
  /** Values outside break the schema; null for no bound. */
  range: z.object({ min: z.nullable(finiteNumber), max: z.nullable(finiteNumber) }),
  /** Rising; bin `i` is `[edges[i], edges[i+1])`, the last one closed. A spike has a bin of its own. */
  edges: z.array(finiteNumber).check(z.minLength(2), z.maxLength(MAX_BINS + 1)),
  mean: finiteNumber,
  /** Population standard deviation of the reference's finite values; 0 for a constant. */
  std: finiteNumber.check(z.gte(0)),
  /** Of the reference, cell by cell in the layout's order: bins, below, above, missing, wrong type, not finite. */
  counts: z.array(nonNegativeInt).check(z.maxLength(MAX_BINS + 5)),
  floors: effectFloors,
});
export type NumericFeature = z.infer<typeof numericFeature>;

export const categoricalFeature = z.object({
  kind: z.literal("categorical"),
  ...named,
  ...schemaRule,
  /** Whether a value that is not listed breaks the schema. */
  isClosed: z.boolean(),
  categories: z
    .array(z.union([z.string().check(z.maxLength(128)), finiteNumber, z.boolean()]))
    .check(z.minLength(1), z.maxLength(MAX_CATEGORIES)),
  /** Of the reference, in the layout's order: categories, other, missing, wrong type. */
  counts: z.array(nonNegativeInt).check(z.maxLength(MAX_CATEGORIES + 3)),
  floors: effectFloors,
});
export type CategoricalFeature = z.infer<typeof categoricalFeature>;

export const profileFeature = z.discriminatedUnion("kind", [numericFeature, categoricalFeature]);
export type ProfileFeature = z.infer<typeof profileFeature>;

/** How devices cut time, and how much of one device counts. */
export const windowPolicy = z.object({
  /** Windows begin at multiples of it since the epoch. */
  lengthMs: durationMs.check(z.gte(1000)),
  /** Windows that a device keeps for itself. */
  numKept: z.int().check(z.gte(3), z.lte(64)),
  /** Of more rows in one window a uniform sample of so many counts, so that no device outweighs the others. */
  maxRows: z.int().check(z.gte(1), z.lte(10_000)),
  /** No verdict on a distribution below so many rows. */
  minRows: positiveInt,
});
export type WindowPolicy = z.infer<typeof windowPolicy>;

/** What is counted of how well the model does. */
export const outcomePolicy = z.object({
  /** Classes of the model's predictions; 0 where it predicts none. Beyond 10 there is no confusion matrix, only hits. */
  numClasses: z.int().check(z.gte(0), z.lte(2 ** 24)),
  /** The output whose largest number is the prediction; null where there is none. */
  output: z.nullable(shortText),
  /** Predictions count as hit by `recall@k` when the truth is among so many of the highest. */
  topK: z.int().check(z.gte(1), z.lte(100)),
  /** What one unit of a prediction error is, for regressions; errors count in it. 1 where there is none. */
  errorUnit: finiteNumber.check(z.gt(0)),
  /** A label that comes later than this after its prediction does not count. */
  labelHorizonMs: durationMs,
});
export type OutcomePolicy = z.infer<typeof outcomePolicy>;

/**
 * What a model's inputs and predictions looked like when it was made, and how devices compare theirs with it; a JSON blob
 * of the bundle, hashed and signed with it.
 */
export const referenceProfile = z.object({
  format: z.literal(PROFILE_FORMAT),
  model: modelName,
  /** Rows that the counts were made of. */
  numRows: nonNegativeInt,
  /** Where the reference comes from, for people. */
  origin: shortText,
  /** Who looked at the inferred schema; null until somebody did. */
  reviewedBy: z.nullable(shortText),
  features: z.array(profileFeature).check(z.minLength(1), z.maxLength(MAX_FEATURES)),
  window: windowPolicy,
  outcomes: outcomePolicy,
  /** What is compared of features together; left out where every feature is compared by itself alone. */
  joint: z.optional(jointReference),
  /** Hash of the vector's layout (`layoutOf`): vectors of unequal layouts are never added. */
  layoutSha256: sha256Text,
});
export type ReferenceProfile = z.infer<typeof referenceProfile>;

/** The checked profile. Throws PROFILE_INVALID naming the field. */
export function decodeProfile(bytes: Uint8Array): ReferenceProfile {
  if (bytes.byteLength > MAX_PROFILE_BYTES)
    throw invalid(`it has ${bytes.byteLength} bytes; at most ${MAX_PROFILE_BYTES}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FedgeError("PROFILE_INVALID", "reference profile: not UTF-8 JSON", { cause });
  }
  return checkProfile(value);
}

/** Canonical bytes, in the schema's field order. Throws PROFILE_INVALID for what `decodeProfile` would refuse. */
export function encodeProfile(profile: ReferenceProfile): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(JSON.stringify(checkProfile(profile)));
  if (bytes.byteLength > MAX_PROFILE_BYTES)
    throw invalid(`it has ${bytes.byteLength} bytes; at most ${MAX_PROFILE_BYTES}`);
  return bytes;
}

/** Throws PROFILE_INVALID naming the field; for a profile that a person edited, too. */
export function checkProfile(value: unknown): ReferenceProfile {
  const profile = decodeWith(referenceProfile, value, { what: "reference profile", code: "PROFILE_INVALID" });
  const names = new Set<string>();
  for (const feature of profile.features) {
    if (names.has(feature.name)) throw invalid(`feature "${feature.name}" twice`);
    names.add(feature.name);
    checkFeature(feature);
  }
  const fault = profile.joint === undefined ? null : jointFault(profile.joint, profile.features);
  if (fault !== null)
    throw invalid(`field "joint": ${fault}; build the profile again, or leave the field out`);
  return profile;
}

function checkFeature(feature: ProfileFeature): void {
  const numCells = numValueCells(feature);
  const misfit = feature.methods?.find((method) => !METHODS_OF[feature.kind].includes(method));
  if (misfit !== undefined) {
    const fit = METHODS_OF[feature.kind].join(", ");
    throw invalid(
      `feature "${feature.name}" is ${feature.kind}, and ${misfit} is not for that; choose of ${fit}`,
    );
  }
  if (feature.counts.length !== numCells)
    throw invalid(`feature "${feature.name}" has ${feature.counts.length} counts; its cells are ${numCells}`);
  if (feature.kind === "categorical") {
    if (new Set(feature.categories).size !== feature.categories.length)
      throw invalid(`feature "${feature.name}" has a category twice`);
    return;
  }
  const { edges, range } = feature;
  if (edges.some((edge, at) => at > 0 && edge <= (edges[at - 1] as number)))
    throw invalid(`feature "${feature.name}": the edges do not rise`);
  if (range.min !== null && range.max !== null && range.min > range.max)
    throw invalid(`feature "${feature.name}": the range is empty`);
}

/** Cells of one feature's counts: bins or categories, and what is outside of them. */
export function numValueCells(feature: ProfileFeature): number {
  return feature.kind === "numeric" ? feature.edges.length - 1 + 5 : feature.categories.length + 3;
}

function invalid(reason: string): FedgeError {
  return new FedgeError("PROFILE_INVALID", `reference profile: ${reason}`);
}
