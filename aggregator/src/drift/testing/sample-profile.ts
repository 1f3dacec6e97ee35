import { normalQuantile } from "@fedge/protocol/drift";
import {
  PROFILE_FORMAT,
  checkProfile,
  layoutDocument,
  numValueCells,
  type NumericFeature,
  type ProfileFeature,
  type ReferenceProfile,
} from "@fedge/protocol/profile";
import type { ModelName } from "@fedge/protocol";
import { sha256Of } from "../../blobs/blob-name.js";
import { monitoredVersion, type MonitoredVersion } from "../references/monitored-version.js";

const NUM_BINS = 20;
const REFERENCE_ROWS = 50_000;
const FLOORS = { jensenShannon: 0.1, psi: 0.1, meanShift: 0.25 };

/** A standard normal feature with twenty equal-mass bins; nothing of its reference is missing. */
export function normalFeature(name: string, change: Partial<NumericFeature> = {}): NumericFeature {
  const inner = Array.from({ length: NUM_BINS - 1 }, (_, at) => normalQuantile((at + 1) / NUM_BINS));
  const edges = [-6, ...inner, 6];
  return {
    ...{ kind: "numeric", name, source: { take: "field", name }, role: "input", privacy: "public" },
    ...{ importance: 1, required: true, mostly: 1, range: { min: null, max: null } },
    ...{ edges, mean: 0, std: 1, floors: FLOORS },
    counts: [...edges.slice(1).map(() => REFERENCE_ROWS / NUM_BINS), 0, 0, 0, 0, 0],
    ...change,
  };
}

export interface SampleProfileChange {
  readonly features?: readonly ProfileFeature[];
  readonly window?: Partial<ReferenceProfile["window"]>;
  readonly outcomes?: Partial<ReferenceProfile["outcomes"]>;
}

/** A checked profile of model `digits`, with hourly windows unless it is said otherwise. */
export function sampleProfile({ features, window, outcomes }: SampleProfileChange = {}): ReferenceProfile {
  const profile = {
    ...{
      format: PROFILE_FORMAT,
      model: "digits",
      numRows: REFERENCE_ROWS,
      origin: "a test",
      reviewedBy: null,
    },
    features: features === undefined ? [normalFeature("age"), normalFeature("height")] : [...features],
    window: { lengthMs: 3_600_000, numKept: 28, maxRows: 200, minRows: 100, ...window },
    outcomes: {
      ...{ numClasses: 0, output: null, topK: 3, errorUnit: 1, labelHorizonMs: 86_400_000 },
      ...outcomes,
    },
  };
  const checked = { ...profile, layoutSha256: "0".repeat(64) } as ReferenceProfile;
  return checkProfile({ ...checked, layoutSha256: sha256Of(layoutDocument(checked)) });
}

/** Version 3 of `digits` with such a profile. */
export function sampleMonitored(change: SampleProfileChange = {}): MonitoredVersion {
  const model = "digits" as ModelName;
  return monitoredVersion({ model, version: 3 }, sampleProfile(change), 0);
}

/** Of a profile's feature. */
export function cellCount(feature: ProfileFeature): number {
  return numValueCells(feature);
}
