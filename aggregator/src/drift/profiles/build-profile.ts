import { FedgeError, createRandom, type ModelName } from "@fedge/protocol";
import {
  MAX_FEATURES,
  PROFILE_FORMAT,
  cellsOf,
  checkProfile,
  isCountedApart,
  layoutDocument,
  missingCellOf,
  valueOf,
  type FeatureRows,
  type FeatureTensor,
  type OutcomePolicy,
  type ProfileFeature,
  type ReferenceProfile,
  type WindowPolicy,
} from "@fedge/protocol/profile";
import { sha256Of } from "../../blobs/blob-name.js";
import { numClassesOf, type FeatureDraft, type ProfiledModel } from "./feature-drafts.js";
import { inferFeature } from "./infer-feature.js";
import { jointReferenceOf } from "./joint-reference.js";
import { RowSample } from "./row-sample.js";
import type { Predict, TrainingBatch, TrainingData } from "./training-data.js";
import { ValueCollector, type CollectedValues } from "./value-collector.js";

export const DEFAULT_WINDOW: WindowPolicy = {
  lengthMs: 3_600_000,
  numKept: 28,
  maxRows: 200,
  minRows: 100,
};
const LABEL_HORIZON_MS = 7 * 86_400_000;
/** Rows up to which quantiles are exact, of at most 32 features. */
const EXACT_ROWS = 1_000_000;
/** Numbers that are held for all features together, 256 MB. */
const MAX_HELD = 32_000_000;

export interface ProfileParts {
  readonly model: ModelName;
  /** What the model's features are made of; null for fields alone. */
  readonly shape: ProfiledModel | null;
  readonly drafts: readonly FeatureDraft[];
  readonly data: TrainingData;
  /** Null where the model's outputs are not part of the reference. */
  readonly predict: Predict | null;
  readonly origin: string;
  readonly seed: string;
  readonly window?: WindowPolicy;
  /** Whether what is compared of features together is part of it; where it is not given, it is. */
  readonly withJoint?: boolean;
}

export interface BuiltProfile {
  readonly profile: ReferenceProfile;
  /** What did not become a feature, and why. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  /** False where edges come from a sample of the rows. */
  readonly isExact: boolean;
}

/**
 * The reference of training data, in two passes: kinds, edges and moments, then counts, by the code that counts on
 * devices. Equal data and seed give equal profiles.
 *
 * Throws PROFILE_INVALID for no rows, no feature or more than `MAX_FEATURES`, and what data and model throw.
 */
export async function buildProfile(parts: ProfileParts): Promise<BuiltProfile> {
  const { drafts } = parts;
  if (drafts.length === 0 || drafts.length > MAX_FEATURES) throw wrongNumber(drafts.length);
  const capacity = Math.min(EXACT_ROWS, Math.floor(MAX_HELD / drafts.length));
  const { numRows, values } = await collect(parts, capacity);
  if (numRows === 0)
    throw new FedgeError("PROFILE_INVALID", "the data have no rows; name a file that has some");
  const inferred = drafts.map((draft, at) => inferFeature(draft, values[at] as CollectedValues));
  const features = inferred.filter((one): one is ProfileFeature => "kind" in one);
  if (features.length === 0) throw wrongNumber(0);
  const { model, origin, seed, window = DEFAULT_WINDOW, withJoint = true } = parts;
  const sample = withJoint ? new RowSample(features, createRandom(seed).fork("rows")) : null;
  await count(parts, features, sample);
  const joint =
    sample === null ? null : jointReferenceOf(features, sample, { seed, maxRows: window.maxRows });
  const outcomes = outcomesOf(parts.shape, features);
  const profile = checkProfile({
    ...{ format: PROFILE_FORMAT, model, numRows, origin, reviewedBy: null, features, window, outcomes },
    ...(joint === null ? {} : { joint }),
    layoutSha256: layoutSha256Of({ features, outcomes, window }),
  });
  const skipped = inferred.flatMap((one, at) =>
    "skipped" in one ? [{ name: (drafts[at] as FeatureDraft).name, reason: one.skipped }] : [],
  );
  return { profile, skipped, isExact: numRows <= capacity };
}

/** Hash of what decides which cell counts what. */
export function layoutSha256Of(profile: Parameters<typeof layoutDocument>[0]): string {
  return sha256Of(layoutDocument(profile));
}

async function collect(
  parts: ProfileParts,
  capacity: number,
): Promise<{ readonly numRows: number; readonly values: readonly CollectedValues[] }> {
  const random = createRandom(parts.seed);
  const collectors = parts.drafts.map(({ name, source }) => ({
    valueOf: valueOf(source),
    values: new ValueCollector(capacity, random.fork(name)),
  }));
  let numRows = 0;
  for await (const { rows, row } of eachRow(parts)) {
    numRows += 1;
    for (const collector of collectors) collector.values.add(collector.valueOf(rows, row));
  }
  return { numRows, values: collectors.map(({ values }) => values.collected()) };
}

async function count(
  parts: ProfileParts,
  features: readonly ProfileFeature[],
  sample: RowSample | null,
): Promise<void> {
  const counters = features.map((feature) => ({
    counts: feature.counts,
    valueOf: valueOf(feature.source),
    cellOf: cellsOf(feature),
    // A row without a label is none of the label's, here as on devices.
    absentCell: isCountedApart(feature) ? missingCellOf(feature) : -1,
  }));
  for await (const { rows, row } of eachRow(parts)) {
    const isSampled = sample?.next() === true;
    counters.forEach(({ counts, valueOf: ask, cellOf, absentCell }, place) => {
      const value = ask(rows, row);
      const cell = cellOf(value);
      if (cell !== absentCell) counts[cell] = (counts[cell] as number) + 1;
      if (isSampled) sample.put(place, cell, value);
    });
  }
}

/** What the model answers is asked for anew in each pass, so that no row is held. */
async function* eachRow({
  data,
  predict,
}: ProfileParts): AsyncGenerator<{ readonly rows: FeatureRows; readonly row: number }> {
  for await (const batch of data()) {
    const outputs: Readonly<Record<string, FeatureTensor>> =
      predict === null ? {} : await predict(batch.inputs);
    for (let row = 0; row < batch.numRows; row += 1) yield { rows: { ...rowsOf(batch, row), outputs }, row };
  }
}

function rowsOf({ inputs, label, fields }: TrainingBatch, row: number): Omit<FeatureRows, "outputs"> {
  return { inputs, label, fields: fields[row] ?? {}, latencyUs: null };
}

/** What is counted of how well such a model does. */
export function outcomesOf(shape: ProfiledModel | null, features: readonly ProfileFeature[]): OutcomePolicy {
  const numClasses = numClassesOf(shape);
  const label = features.find(({ role }) => role === "label");
  const std = label?.kind === "numeric" ? label.std : 0;
  return {
    ...{ numClasses, output: numClasses > 0 ? (shape?.outputs[0]?.name ?? null) : null },
    topK: Math.min(5, Math.max(1, numClasses - 1)),
    errorUnit: std > 0 ? std : 1,
    labelHorizonMs: LABEL_HORIZON_MS,
  };
}

function wrongNumber(numFeatures: number): FedgeError {
  return new FedgeError(
    "PROFILE_INVALID",
    `the data give ${numFeatures} features; a profile has 1 to ${MAX_FEATURES}, leave columns out with --fields`,
  );
}
