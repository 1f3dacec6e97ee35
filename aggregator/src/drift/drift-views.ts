import { modelName } from "@fedge/protocol";
import * as z from "zod/mini";
import { alertRecord } from "./alerts/alert-record.js";
import { WINDOW_REFUSALS } from "./intake/refused-windows.js";
import { featureStatistics, releaseRecord, verdict } from "./releases/release-record.js";

const number = z.nullable(z.number());
const counts = z.array(z.number());

/** One model, as the strip at the top of the page shows it. */
export const modelVerdict = z.object({
  model: modelName,
  version: z.number(),
  verdict,
  reason: z.string(),
  /** Since which window the verdict has been the same; null before the first release. */
  sinceMs: number,
  /** The last window that was released. */
  release: z.nullable(releaseRecord),
  /** Devices that serve this version. */
  numEligible: z.number(),
  ageMs: z.number(),
  labelCoverage: number,
  numOpenAlerts: z.number(),
  minDevices: z.number(),
  versions: z.array(z.number()),
  /** Length of a window, and when the next one is released at the soonest. */
  windowMs: z.number(),
  nextReleaseAtMs: z.number(),
  /** Verdicts of the windows of this version, oldest first. */
  recent: z.array(
    z.object({
      window: z.number(),
      beginsAtMs: z.number(),
      endsAtMs: z.number(),
      numDevices: number,
      verdict,
    }),
  ),
});
export type ModelVerdict = z.infer<typeof modelVerdict>;

const shadow = z.object({
  bothRight: z.number(),
  onlyServed: z.number(),
  onlyShadow: z.number(),
  bothWrong: z.number(),
  agreement: number,
  numFailed: z.number(),
  numLabelled: z.number(),
  labelCoverage: number,
  difference: number,
  pValue: number,
});

const calibrationBin = z.object({
  from: z.number(),
  to: z.number(),
  numRows: z.number(),
  meanScore: number,
  numLabelled: z.number(),
  accuracy: number,
  interval: z.nullable(z.readonly(z.tuple([z.number(), z.number()]))),
});

/** How well a version did, with the standard errors of what has one. */
export const outcomes = z.object({
  version: z.number(),
  window: z.number(),
  numDevices: z.number(),
  numSeen: z.number(),
  numRows: z.number(),
  numFailed: z.number(),
  numLabelled: z.number(),
  numLabellingDevices: z.number(),
  /** What too few devices counted to be shown: `labels`, `shadow`, `shadow-labels`. */
  withheld: z.array(z.string()),
  labelCoverage: number,
  accuracy: number,
  recallAtK: number,
  macroF1: number,
  logLoss: number,
  rmse: number,
  delays: z.readonly(counts),
  latencyP95Us: number,
  calibration: z.readonly(z.array(calibrationBin)),
  shadow: z.nullable(shadow),
  localVerdicts: z.record(z.string(), z.number()),
  localPsi: z.readonly(z.array(z.object({ below: number, numDevices: z.number() }))),
  errors: z.record(z.string(), z.number()),
  estimated: z.object({
    value: number,
    conditions: z.readonly(z.array(z.object({ text: z.string(), holds: z.nullable(z.boolean()) }))),
  }),
});
export type OutcomesView = z.infer<typeof outcomes>;

export const modelDetail = z.object({
  ...modelVerdict.shape,
  cohorts: z.array(z.object({ cohort: z.string(), numDevices: z.number(), numRows: z.number(), verdict })),
  outcomes: z.nullable(outcomes),
  /** The other versions' newest windows, to compare: A/B, champion and candidate. */
  others: z.array(outcomes),
  /** Versions with one layout hash count in the same cells; those with different ones are never added up. */
  layouts: z.array(z.object({ version: z.number(), layoutSha256: z.string() })),
  /** Windows of devices that are in no sum, since the server began. */
  refused: z.array(
    z.object({ version: z.number(), reason: z.enum(WINDOW_REFUSALS), numWindows: z.number() }),
  ),
});
export type ModelDetail = z.infer<typeof modelDetail>;

/** One feature in the list, worst and most important first. */
export const featureRow = z.object({
  name: z.string(),
  kind: z.enum(["numeric", "categorical"]),
  role: z.string(),
  privacy: z.string(),
  importance: z.number(),
  verdict,
  reason: z.nullable(z.string()),
  numDevices: z.number(),
  numRows: z.number(),
  /**
   * Jensen-Shannon distance, base 2, what chance gives taken off, with its 95 % interval and its floor. These and the shares
   * below are null when no device counted the feature.
   */
  score: number,
  lower: number,
  upper: number,
  limit: z.number(),
  psi: number,
  meanShift: number,
  missing: number,
  unseen: number,
  outOfRange: number,
  /** Scores of the windows before that have one, oldest first. */
  history: z.array(z.object({ window: z.number(), score: z.number() })),
});
export type FeatureRow = z.infer<typeof featureRow>;

export const featureScore = z.object({
  method: z.string(),
  weighting: z.enum(["devices", "rows"]),
  score: number,
  expected: number,
  lower: number,
  upper: number,
  limit: number,
  logPValue: number,
  numBins: z.number(),
  logBase: z.nullable(z.string()),
  zeroRule: z.nullable(z.string()),
  numRows: z.number(),
  numReferenceRows: z.number(),
  numDevices: z.number(),
  note: z.nullable(z.string()),
});

const cell = z.object({
  name: z.string(),
  reference: z.number(),
  /** Rows, and devices' weights in 256ths of a device. */
  rows: z.number(),
  devices: z.number(),
});

export const featureDetail = z.object({
  ...featureRow.shape,
  model: modelName,
  version: z.number(),
  window: z.number(),
  cohort: z.string(),
  /** Groups of devices that the intervals come from, and tests that p-values are corrected for. */
  numGroups: z.number(),
  numTests: z.number(),
  /** Enough to compute every score again: the released counts and the reference's. */
  cells: z.array(cell),
  edges: z.nullable(counts),
  scores: z.array(featureScore),
  statistics: featureStatistics,
  quantiles: z.nullable(
    z.array(z.object({ probability: z.number(), reference: z.number(), current: number })),
  ),
  cohorts: z.array(
    z.object({ cohort: z.string(), verdict, score: number, numDevices: z.number(), rows: counts }),
  ),
  mix: z.array(
    z.object({
      attribute: z.string(),
      fromWindow: z.number(),
      total: z.number(),
      mix: z.number(),
      within: z.number(),
      cohorts: z.readonly(
        z.array(
          z.object({
            cohort: z.string(),
            weightBefore: z.number(),
            weightNow: z.number(),
            change: z.number(),
          }),
        ),
      ),
    }),
  ),
  suggestedFloor: z.nullable(z.object({ method: z.string(), floor: z.number() })),
});
export type FeatureDetail = z.infer<typeof featureDetail>;

/** Features by windows. A window without a cell was not shown. */
export const heatMap = z.object({
  model: modelName,
  version: z.number(),
  cohort: z.string(),
  features: z.array(z.string()),
  /** Oldest first. */
  windows: z.array(
    z.object({
      ...releaseRecord.shape,
      cells: z.nullable(z.array(z.object({ verdict, score: number }))),
    }),
  ),
  /** Releases of versions and openings of alerts, oldest first. */
  markers: z.array(
    z.object({
      atMs: z.number(),
      kind: z.enum(["release", "alert"]),
      version: z.number(),
      text: z.string(),
    }),
  ),
});
export type HeatMap = z.infer<typeof heatMap>;

export const modelVerdicts = z.object({ models: z.array(modelVerdict) });
export const featureRows = z.object({ features: z.array(featureRow) });
export const alertList = z.object({ alerts: z.array(alertRecord) });
