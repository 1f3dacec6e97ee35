import { decodeWith, installPolicy, modelName } from "@fedge/protocol";
import * as z from "zod/mini";

const count = (least: number, most: number) => z.int().check(z.gte(least), z.lte(most));
const fraction = z.number().check(z.gte(0), z.lte(1));
const percent = z.number().check(z.gte(0), z.lte(100));
const DAY_MS = 24 * 3600 * 1000;
const milliseconds = count(0, 365 * DAY_MS);
/** States of an installation in which a device may be stuck. */
export const TIMED_STEPS = [
  "assigned",
  "downloading",
  "verifying",
  "staged",
  "activating",
  "probation",
  "rolling-back",
] as const;
const text = (most: number) => z.string().check(z.maxLength(most));

export const rolloutId = z
  .string()
  .check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 letters, digits, _ or -"))
  .brand<"RolloutId">();
export type RolloutId = z.infer<typeof rolloutId>;

/** `release` replaces what devices serve; the others compare without deciding by themselves what the fleet runs. */
export const ROLLOUT_KINDS = ["release", "shadow", "ab", "bandit"] as const;

/** What a metric gate can look at; all come from the devices' serving metrics, `evaluation` from federated evaluation. */
export const ROLLOUT_METRICS = [
  "error-rate",
  "prediction-error",
  "latency-p95",
  "crash-rate",
  "fallback-rate",
  "drift-rate",
  "evaluation-loss",
] as const;
export type RolloutMetric = (typeof ROLLOUT_METRICS)[number] | `proxy:${string}`;

/** A metric of the wave's devices is compared with that of devices that still serve the old version, at the same time. */
export const metricGate = z.object({
  metric: z
    .string()
    .check(
      z.regex(
        /^(error-rate|prediction-error|latency-p95|crash-rate|fallback-rate|drift-rate|evaluation-loss|proxy:[a-z0-9_.-]{1,48})$/,
        "a known metric, or proxy:NAME of something that apps log",
      ),
    ),
  /** How much worse than the control cohort is still well: of the control's value, or in the metric's own unit. */
  tolerance: z.object({ relative: z.optional(z.number().check(z.gte(0))), absolute: z.optional(z.number()) }),
  /** Observations of either side below which nothing is decided. */
  minSample: count(1, 1_000_000_000),
  /** One-sided significance of "worse", shared by the looks at it. */
  alpha: z.number().check(z.gt(0), z.lt(0.5)),
  /** A device filter that narrows both sides to a segment. */
  segment: z.optional(text(1024)),
});
export type MetricGate = z.infer<typeof metricGate>;

export const installGate = z.object({
  /** Least share of the reached devices that committed. */
  minSuccess: fraction,
  /** Least share of the wave that was reached: neither offline nor asleep all the time. */
  minReached: fraction,
  /** The rollout pauses above this share of failures among reports, once there are `minReports`. */
  maxErrors: fraction,
  minReports: count(1, 1_000_000),
  /** What failures above `maxErrors` lead to; a return only up to `rollBackUpToPercent`. Pauses where nothing is said. */
  onErrors: z.optional(z.enum(["pause", "roll-back"])),
  /**
   * Ends the whole rollout at this share of failures among all its reports, or above it, once there are `minReports` (R12).
   * Not before where nothing is said; `maxErrors` of a wave pauses above its share only (R3).
   */
  abort: z.optional(
    z.object({ atErrors: z.number().check(z.gt(0), z.lte(1)), minReports: count(1, 1_000_000) }),
  ),
});

/**
 * What becomes of a wave that its gates have neither passed nor failed in time: a person decides, the rollout ends, or it
 * goes on where every gate has its sample and its estimate is within the limit, and is paused otherwise.
 */
export const INCONCLUSIVE_POLICIES = ["pause", "abort", "accept-estimate"] as const;
export type InconclusivePolicy = (typeof INCONCLUSIVE_POLICIES)[number];
const onInconclusive = z.optional(z.enum(INCONCLUSIVE_POLICIES));

export const wave = z.object({
  name: text(64).check(z.minLength(1)),
  /** Narrows the wave; devices must match the rollout's filter too. */
  filter: z.optional(text(1024)),
  /** Share of the matching devices by stable hash; a later wave's share contains the earlier one's. */
  percent,
  soakMs: milliseconds,
  /** A person must promote the wave after its gates have passed. */
  isManual: z.optional(z.boolean()),
  /** In place of the rollout's own. */
  onInconclusive,
});
export type Wave = z.infer<typeof wave>;

/** At most so many devices are told within any minute; grows with success as AWS IoT Jobs' exponential rate does. */
export const rateLimit = z.object({
  basePerMinute: count(1, 1_000_000),
  factor: z.number().check(z.gte(1), z.lte(5)),
  /** Committed devices after which the rate grows by the factor. */
  growAt: count(1, 1_000_000),
  maxPerMinute: count(1, 1_000_000),
});

/** A recurring time in which devices may start; times of day are those of the zone, daylight saving included. */
export const maintenanceWindow = z.object({
  /** 0 is Sunday. */
  days: z.array(count(0, 6)).check(z.minLength(1), z.maxLength(7)),
  startMinute: count(0, 1439),
  durationMinutes: count(1, 1440),
  timeZone: text(64),
});

export const rolloutConfig = z.object({
  rolloutId,
  model: modelName,
  kind: z.enum(ROLLOUT_KINDS),
  /** The version to roll out; for `ab` and `bandit` the first of `arms`. */
  version: count(1, Number.MAX_SAFE_INTEGER),
  /** Versions that are compared, the control first; only for `ab` and `bandit`. */
  arms: z.optional(z.array(count(1, Number.MAX_SAFE_INTEGER)).check(z.minLength(2), z.maxLength(8))),
  note: text(1024),
  /** Which devices the rollout is for; all when empty. */
  filter: text(1024),
  waves: z.array(wave).check(z.minLength(1), z.maxLength(50)),
  gates: z.object({ install: installGate, metrics: z.array(metricGate).check(z.maxLength(16)) }),
  /** How devices install and try the version; without it, one that loads and answers stays at once. */
  install: z.optional(installPolicy),
  /** Looks at metric gates: how often, and how many failures or errors in succession are borne. */
  analysis: z.object({
    intervalMs: count(100, DAY_MS),
    failureLimit: count(0, 100),
    errorLimit: count(0, 100),
    /** A wave that nobody works on any more, or whose gates are undecided so long after its soak, is inconclusive. */
    deadlineMs: milliseconds,
    /** Where estimates are accepted, they are from so long after the soak on; from `deadlineMs` on where nothing is said. */
    estimateAfterMs: z.optional(milliseconds),
    /** A wave that has neither passed nor failed so long after it opened is inconclusive, whatever it waits for. */
    waveTimeoutMs: z.optional(count(1000, 365 * DAY_MS)),
    /** Pauses where nothing is said. */
    onInconclusive,
  }),
  rate: z.nullable(rateLimit),
  schedule: z.object({
    startAtMs: z.nullable(z.number()),
    windows: z.array(maintenanceWindow).check(z.maxLength(16)),
    /** From then on, or once no window opens before it any more, no device starts: the schedule has lapsed. */
    endAtMs: z.optional(z.nullable(z.number())),
    /** What becomes of a rollout that has lapsed with devices that never started; ends where nothing is said (R15). */
    onEnd: z.optional(z.enum(["abort", "pause"])),
  }),
  /** From being told to a final report; what takes longer has timed out. */
  inProgressTimeoutMs: count(1000, 30 * DAY_MS),
  /**
   * The step timer: from the report that a device is in this state to its next one. Every report sets it anew; what takes
   * longer has timed out, and never later than `inProgressTimeoutMs` (R13).
   */
  stepTimeoutsMs: z.optional(z.partialRecord(z.enum(TIMED_STEPS), count(1000, 30 * DAY_MS))),
  /** Attempts that a failed device gets by itself. */
  maxAttempts: count(1, 10),
  needsApproval: z.boolean(),
  /** Waves of at most this share roll back by themselves when a metric fails; larger ones pause. */
  rollBackUpToPercent: percent,
  /** What becomes of devices in the middle of an installation when the rollout is aborted. */
  onAbort: z.enum(["finish", "cancel"]),
  /** Larger wins where a device is in several rollouts; then the newer one does. */
  priority: count(0, 1000),
  /** A comparison's horizon, and what it needs to see: stated before it starts. */
  comparison: z.optional(
    z.object({
      metric: text(64),
      horizonMs: milliseconds,
      minDetectableEffect: z.number().check(z.gt(0)),
      alpha: z.number().check(z.gt(0), z.lt(0.5)),
      power: z.number().check(z.gt(0.5), z.lt(1)),
    }),
  ),
});
export type RolloutConfig = z.infer<typeof rolloutConfig>;

/** The checked configuration. Throws OPTION_INVALID naming the field. */
export function decodeRolloutConfig(value: unknown): RolloutConfig {
  return decodeWith(rolloutConfig, value, { what: "rollout", code: "OPTION_INVALID" });
}
