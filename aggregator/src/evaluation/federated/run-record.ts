import {
  evaluationRunId,
  finiteNumber,
  modelName,
  nonNegativeInt,
  positiveInt,
  shortText,
} from "@fedge/protocol";
import * as z from "zod/mini";

/** Nothing is shown of fewer devices than this, whatever was asked for. */
export const LEAST_COHORT = 3;
export const DEFAULT_MIN_DEVICES = 5;
export const MAX_ASKED_DEVICES = 1000;
export const MAX_SEGMENTS = 8;

const cohort = z.int().check(z.gte(LEAST_COHORT), z.lte(MAX_ASKED_DEVICES));
const filterText = z.string().check(z.maxLength(2048));

/** What somebody wants to know. */
export const evaluationRequest = z
  .object({
    model: modelName,
    version: positiveInt,
    /** What it is compared with, on the same examples; null measures the version alone. */
    against: z.nullable(positiveInt),
    /** How many devices are asked at a time until so many have answered. */
    numDevices: cohort,
    /** Fewer answers than this, and nothing is shown. */
    minDevices: cohort,
    /** Which devices are asked, as a device filter; null for all. */
    filter: z.nullable(filterText),
    /** Device filters; each is shown by itself where enough devices match it. */
    segments: z.array(filterText).check(z.maxLength(MAX_SEGMENTS)),
    maxExamples: z.int().check(z.gte(1), z.lte(100_000)),
    deadlineMs: z.int().check(z.gte(1000), z.lte(86_400_000)),
  })
  .check(
    z.refine(({ version, against }) => version !== against, "a version is not compared with itself"),
    z.refine(({ numDevices, minDevices }) => minDevices <= numDevices, "minDevices is at most numDevices"),
  );
export type EvaluationRequest = z.infer<typeof evaluationRequest>;

export const DEVICE_VERDICTS = ["better", "worse", "no difference shown", "not comparable"] as const;

/** A difference per term of the loss, version minus the one it is compared with; devices are what was sampled. */
export const pairedDifference = z.object({
  difference: finiteNumber,
  standardError: finiteNumber,
  /** 95 % interval. */
  low: finiteNumber,
  high: finiteNumber,
  /** One-sided, of the side that the difference is on. */
  pValue: finiteNumber,
});
export type PairedDifference = z.infer<typeof pairedDifference>;

export const measuredVersion = z.object({
  version: positiveInt,
  /** Per term, over the devices where every version gave numbers; null where there is none. */
  loss: z.nullable(finiteNumber),
  accuracy: z.nullable(finiteNumber),
  /** Devices on which its loss was no finite number. */
  numNotFinite: nonNegativeInt,
});
export type MeasuredVersion = z.infer<typeof measuredVersion>;

/** What the answers of a cohort add up to. */
export const cohortResult = z.object({
  numDevices: nonNegativeInt,
  numExamples: nonNegativeInt,
  numTerms: nonNegativeInt,
  /** The version first, then what it is compared with. */
  versions: z.array(measuredVersion),
  loss: z.nullable(pairedDifference),
  accuracy: z.nullable(pairedDifference),
  verdict: z.enum(DEVICE_VERDICTS),
  reason: shortText,
});
export type CohortResult = z.infer<typeof cohortResult>;

/** A run as it is kept and shown: of devices only counts, of their answers only sums over a cohort. */
export const evaluationRun = z.object({
  runId: evaluationRunId,
  request: evaluationRequest,
  actor: z.string(),
  state: z.enum(["running", "finished", "abandoned"]),
  /** Why it ended, or ended without a result. */
  reason: z.nullable(z.string()),
  startedAtMs: finiteNumber,
  endedAtMs: z.nullable(finiteNumber),
  numAsked: nonNegativeInt,
  numAnswered: nonNegativeInt,
  numLost: nonNegativeInt,
  /** Devices that did not evaluate, by their reasons. */
  declined: z.record(z.string(), nonNegativeInt),
  /** Null before the end, and where fewer than `minDevices` answered. */
  result: z.nullable(cohortResult),
  segments: z.array(z.object({ segment: z.string(), result: z.nullable(cohortResult) })),
});
export type EvaluationRunRecord = z.infer<typeof evaluationRun>;
