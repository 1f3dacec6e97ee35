import type { ModelName } from "@fedge/protocol";
import {
  PROFILE_FORMAT,
  checkProfile,
  layoutDocument,
  type CategoricalFeature,
  type NumericFeature,
  type ProfileFeature,
  type ReferenceProfile,
} from "@fedge/protocol/profile";
import type { Digest } from "../core/ports/storage.js";

const FLOORS = { jensenShannon: 0.1, psi: 0.1, meanShift: 0.25 };
const COMMON = { privacy: "public", importance: 1, required: true, mostly: 0.95, floors: FLOORS } as const;

/** Uniform in [0, 1), in four bins of 2,500 rows each; the first number of input `input`. */
export function numericFeature(change: Partial<NumericFeature> = {}): NumericFeature {
  return {
    ...{ kind: "numeric", name: "x", role: "input", ...COMMON },
    source: { take: "value", of: "input", name: "input", at: 0 },
    ...{ range: { min: null, max: null }, edges: [0, 0.25, 0.5, 0.75, 1], mean: 0.5, std: Math.sqrt(1 / 12) },
    counts: [2500, 2500, 2500, 2500, 0, 0, 0, 0, 0],
    ...change,
  };
}

/** `red` and `blue`, as often; the field `colour` that the app notes. */
export function colourFeature(change: Partial<CategoricalFeature> = {}): CategoricalFeature {
  return {
    ...{ kind: "categorical", name: "colour", role: "action", ...COMMON },
    ...{ source: { take: "field", name: "colour" }, isClosed: false, required: false },
    ...{ categories: ["red", "blue"], counts: [5000, 5000, 0, 0, 0] },
    ...change,
  };
}

export interface ProfileChange {
  readonly features?: readonly ProfileFeature[];
  readonly window?: Partial<ReferenceProfile["window"]>;
  readonly outcomes?: Partial<ReferenceProfile["outcomes"]>;
}

/** A checked profile of `digits` with windows of a minute. */
export async function sampleProfile(digest: Digest, change: ProfileChange = {}): Promise<ReferenceProfile> {
  const profile = {
    ...{ format: PROFILE_FORMAT as typeof PROFILE_FORMAT, model: "digits" as ModelName, numRows: 10_000 },
    ...{ origin: "a test", reviewedBy: null },
    features: [...(change.features ?? [numericFeature()])],
    window: { lengthMs: 60_000, numKept: 5, maxRows: 200, minRows: 100, ...change.window },
    outcomes: {
      ...{ numClasses: 0, output: null, topK: 2, errorUnit: 1, labelHorizonMs: 3_600_000 },
      ...change.outcomes,
    },
  };
  const layoutSha256 = await digest.sha256(layoutDocument(profile));
  return checkProfile({ ...profile, layoutSha256 });
}
