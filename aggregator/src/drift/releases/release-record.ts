import { modelName } from "@fedge/protocol";
import { VERDICTS } from "@fedge/protocol/profile";
import * as z from "zod/mini";

const count = z.int().check(z.gte(0));
const version = z.int().check(z.gte(1));

export const verdict = z.enum(VERDICTS);

/** Why a cohort's counts are not shown. */
export const SUPPRESSIONS = ["below-minimum", "complement", "overlap", "too-many-devices"] as const;
export const suppression = z.enum(SUPPRESSIONS);
export type Suppression = z.infer<typeof suppression>;

/** A number estimated from devices: what chance alone would give is not taken off `value`. */
export const estimate = z.object({
  value: z.number(),
  /** What it is expected to be when nothing changed. */
  expected: z.number(),
  /** Jackknife over the replicate groups. */
  error: z.number(),
});
export type Estimate = z.infer<typeof estimate>;

/** What one feature's counts say, of one cohort in one window. Device-weighted where nothing else is said. */
export const featureStatistics = z.object({
  name: z.string(),
  numRows: count,
  /** Too few devices have a value: nothing is known but how many rows have none, which `missing` and `broken` say both. */
  isWithheld: z._default(z.boolean(), false),
  psi: estimate,
  /** Jensen-Shannon divergence in bits; the distance is its root. */
  jensenShannon: estimate,
  /** Of the mean, in standard deviations of the reference, row-weighted; null for categories and constants. */
  meanShift: z.nullable(estimate),
  /** Of rows: missing, or not what the schema says, above what the reference has. */
  broken: estimate,
  missing: estimate,
  /** Natural logarithms: of the cells, of the mean, and the less of both corrected for all tests of the window. */
  logP: z.object({ cells: z.nullable(z.number()), mean: z.nullable(z.number()), corrected: z.number() }),
  /** Standard errors of the other scores: first device-weighted, then row-weighted. */
  errors: z.record(z.string(), z.tuple([z.number(), z.number()])),
  verdict,
  /** What exceeded its floor, or why there is no verdict. */
  reason: z.nullable(z.string()),
  /** True when it is more than chance and an effect's lower bound is above its floor, in this window. */
  isExceeded: z.boolean(),
});
export type FeatureStatistics = z.infer<typeof featureStatistics>;

/** `labels`, `shadow`, `shadow-labels`, or `feature:` and its name. */
export const withheldPart = z.object({ part: z.string(), reason: suppression });

/** A cohort's counts as they were released: enough to compute every score again. */
export const releasedView = z.object({
  model: modelName,
  version,
  window: count,
  cohort: z.string(),
  numDevices: count,
  numRows: count,
  numGroups: count,
  /** Quantile of Student's t by which errors become intervals of 95 %. */
  t: z.number(),
  /** Sums of all devices, one for each cell of the layout; 0 in those of what is withheld. */
  cells: z.array(z.number()),
  /** Parts that too few devices counted. */
  withheld: z._default(z.array(withheldPart), []),
  features: z.array(featureStatistics),
  /** Standard errors of accuracy and the like, by name. */
  outcomeErrors: z.record(z.string(), z.number()),
  verdict,
});
export type ReleasedView = z.infer<typeof releasedView>;

export const releaseRecord = z.object({
  model: modelName,
  version,
  layoutSha256: z.string(),
  window: count,
  beginsAtMs: count,
  endsAtMs: count,
  releasedAtMs: count,
  /** Devices whose counts are in it; null when they are too few to say. */
  numDevices: z.nullable(count),
  numRows: z.nullable(count),
  verdict,
  reason: z.string(),
  /** Tests that the p-values are corrected for. */
  numTests: count,
  shown: z.array(z.string()),
  suppressed: z.array(z.object({ cohort: z.string(), reason: suppression })),
  /** What is withheld of cohorts that are shown. */
  withheld: z._default(z.array(z.object({ cohort: z.string(), ...withheldPart.shape })), []),
  /** Importance of the features in drift, of all. */
  driftedShare: z.number(),
});
export type ReleaseRecord = z.infer<typeof releaseRecord>;
