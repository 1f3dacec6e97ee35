import { canonicalDocument } from "../tuf/canonical-json.js";
import { numValueCells, type ReferenceProfile } from "./reference-profile.js";
import { VERDICTS } from "./verdicts.js";

/** Grows when the meaning of a cell changes: vectors of two layouts are never added. */
export const LAYOUT_VERSION = 3;

/** What one device gives each feature in the device-weighted view, spread over its cells. */
export const DEVICE_WEIGHT = 256;
/** Standardised values are clipped to this before their sums. */
export const MOMENT_CLIP = 8;
/** Fixed point of a sum of standardised values, and of their squares. */
export const MOMENT_SCALE = 64;
export const SQUARE_SCALE = 16;
/** Bins of the highest score: `[i/10, (i+1)/10)`. */
export const SCORE_BINS = 10;
export const SCORE_SCALE = 1000;
export const LOSS_CLIP = 20;
export const LOSS_SCALE = 100;
export const MAX_CONFUSION_CLASSES = 10;
/** Bin `i` counts labels that came less than `2^i` seconds after their prediction, and in no earlier bin; the last takes the rest. */
export const DELAY_BINS = 20;
/** Upper edges of a device's own greatest PSI; the last bin takes the rest. */
export const LOCAL_PSI_EDGES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1] as const;

/** A run of cells. */
export interface CellRange {
  readonly at: number;
  readonly size: number;
}

export interface FeatureCells {
  readonly name: string;
  /** Rows by the cell of their value. */
  readonly counts: CellRange;
  /** The same as shares of `DEVICE_WEIGHT`, so that every device that reports counts alike. */
  readonly weights: CellRange;
  /** Devices that have a value, and not only missing ones or such as are none: 1 or 0 from each. Of a field few of many may. */
  readonly contributors: CellRange;
  /** Sums of the clipped standardised value and of its square; empty for categories and constants. */
  readonly moments: CellRange;
}

/** Where everything stands in a vector. */
export interface VectorLayout {
  readonly numCells: number;
  readonly features: readonly FeatureCells[];
  /** Devices (1 from each), rows counted, rows seen, predictions that failed. */
  readonly rows: CellRange;
  /** Predictions by their time, in the bins of the serving metrics; of more than `maxRows`, their shares of `maxRows`. */
  readonly latency: CellRange;
  /** For each score bin: rows, sum of scores, labelled rows, labelled rows that were right. */
  readonly scores: CellRange;
  /** Labelled rows, right, right within `topK`, sum of log losses, sum of squared errors. */
  readonly labels: CellRange;
  readonly delays: CellRange;
  /** `truth * numClasses + predicted`; empty beyond ten classes. */
  readonly confusion: CellRange;
  /** Both right, only the version in use, only its shadow, both wrong, agreed, differed, shadow failed. */
  readonly shadow: CellRange;
  /** Devices that counted labels, a shadow, and labels of what a shadow answered: 1 or 0 from each. Few of many may. */
  readonly contributors: CellRange;
  /** The device's own verdict over all features, one of `VERDICTS`. */
  readonly verdict: CellRange;
  readonly localPsi: CellRange;
}

const LATENCY_CELLS = 20;

/** The layout of the vectors that are counted against a profile; the same on every device and server. */
export function layoutOf(profile: Pick<ReferenceProfile, "features" | "outcomes">): VectorLayout {
  let at = 0;
  const take = (size: number): CellRange => {
    const range = { at, size };
    at += size;
    return range;
  };
  const features = profile.features.map((feature): FeatureCells => {
    const size = numValueCells(feature);
    const numMoments = feature.kind === "numeric" && feature.std > 0 ? 2 : 0;
    const [counts, weights, contributors] = [take(size), take(size), take(1)];
    return { name: feature.name, counts, weights, contributors, moments: take(numMoments) };
  });
  const { numClasses } = profile.outcomes;
  const layout = {
    ...{ features, rows: take(4), latency: take(LATENCY_CELLS) },
    ...{ scores: take(numClasses > 0 ? SCORE_BINS * 4 : 0), labels: take(5), delays: take(DELAY_BINS) },
    confusion: take(numClasses <= MAX_CONFUSION_CLASSES ? numClasses * numClasses : 0),
    ...{ shadow: take(7), contributors: take(3) },
    ...{ verdict: take(VERDICTS.length), localPsi: take(LOCAL_PSI_EDGES.length + 1) },
  };
  return { numCells: at, ...layout };
}

/**
 * What of a profile decides which cell counts what; its SHA-256 is the profile's `layoutSha256`. Reference counts,
 * floors and weights may change without it.
 */
export function layoutDocument({
  features,
  outcomes,
  window,
}: Pick<ReferenceProfile, "features" | "outcomes" | "window">): Uint8Array<ArrayBuffer> {
  return canonicalDocument({
    layout: LAYOUT_VERSION,
    windowLengthMs: window.lengthMs,
    maxRows: window.maxRows,
    outcomes,
    features: features.map((feature) =>
      feature.kind === "numeric"
        ? { ...identityOf(feature), edges: feature.edges, mean: feature.mean, std: feature.std }
        : { ...identityOf(feature), categories: feature.categories },
    ),
  });
}

function identityOf({ kind, name, source }: ReferenceProfile["features"][number]): object {
  return { kind, name, source };
}

/** Upper bound of any cell of one device's vector: how many devices one sum modulo 2^32 may hold is 2^31 over it. */
export function maxCellOf({ window, outcomes }: Pick<ReferenceProfile, "window" | "outcomes">): number {
  const square = MOMENT_CLIP * MOMENT_CLIP * SQUARE_SCALE;
  const perRow = outcomes.numClasses > 0 ? Math.max(square, LOSS_CLIP * LOSS_SCALE, SCORE_SCALE) : square;
  return Math.max(DEVICE_WEIGHT, window.maxRows * perRow);
}
