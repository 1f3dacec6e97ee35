import type { ModelName } from "@fedge/protocol";
import { equalMassEdges } from "@fedge/protocol/drift";
import {
  PROFILE_FORMAT,
  checkProfile,
  layoutDocument,
  type NumericFeature,
  type ReferenceProfile,
} from "@fedge/protocol/profile";
import { sha256Of } from "../../blobs/blob-name.js";
import { monitoredVersion, type MonitoredVersion } from "../references/monitored-version.js";
import type { FastNormal } from "./fast-normal.js";

export interface NormalProfileShape {
  readonly numFeatures?: number;
  /** The reference is itself a sample, so that its edges, counts and moments are as uncertain as real ones. */
  readonly numReferenceRows?: number;
  readonly required?: boolean;
  readonly model?: string;
  readonly maxRows?: number;
  /** Of the output `logits`; none where it is absent. */
  readonly numClasses?: number;
}

/** Standard normal numbers of one input, in hourly windows. */
export function normalProfile(normal: FastNormal, shape: NormalProfileShape = {}): ReferenceProfile {
  const { numFeatures = 50, numReferenceRows = 2000, required = true, model = "simulated" } = shape;
  const { maxRows = 200, numClasses = 0 } = shape;
  const features = Array.from({ length: numFeatures }, (_, at) =>
    sampledFeature(at, normal.sorted(numReferenceRows), required),
  );
  const profile = {
    ...{ format: PROFILE_FORMAT, model, numRows: numReferenceRows, origin: "simulated", features },
    reviewedBy: "nobody: it is simulated",
    window: { lengthMs: 3_600_000, numKept: 28, maxRows, minRows: 100 },
    outcomes: {
      ...{ numClasses, output: numClasses > 0 ? "logits" : null },
      ...{ topK: 1, errorUnit: 1, labelHorizonMs: 86_400_000 },
    },
    layoutSha256: "0".repeat(64),
  } as ReferenceProfile;
  return checkProfile({ ...profile, layoutSha256: sha256Of(layoutDocument(profile)) });
}

/** Version 1 with such a profile. */
export function normalVersion(normal: FastNormal, shape: NormalProfileShape = {}): MonitoredVersion {
  const profile = normalProfile(normal, shape);
  return monitoredVersion({ model: profile.model as ModelName, version: 1 }, profile, 0);
}

function sampledFeature(at: number, sorted: Float64Array, required: boolean): NumericFeature {
  const edges = [...equalMassEdges(sorted, 20)];
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const variance = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sorted.length;
  return {
    ...{ kind: "numeric", name: `f${at}`, source: { take: "value", of: "input", name: "input", at } },
    ...{ role: "input", privacy: "public", importance: 1, required, mostly: 1 },
    ...{ range: { min: null, max: null }, edges, mean, std: Math.sqrt(variance) },
    counts: [...countsIn(edges, sorted), 0, 0, 0, 0, 0],
    floors: { jensenShannon: 0.1, psi: 0.1, meanShift: 0.25 },
  };
}

function countsIn(edges: readonly number[], sorted: Float64Array): number[] {
  const counts = new Array<number>(edges.length - 1).fill(0);
  let bin = 0;
  for (const value of sorted) {
    while (bin < counts.length - 1 && value >= (edges[bin + 1] as number)) bin += 1;
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}
