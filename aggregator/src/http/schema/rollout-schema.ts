import { z } from "@hono/zod-openapi";
import {
  PAUSE_REASONS,
  ROLLOUT_STATES,
  TARGET_STATES,
  WAVE_STATES,
  type RolloutView,
} from "../../rollouts/rollout-view.js";
import { rolloutConfig, rolloutId } from "../../rollouts/rollout-config.js";
import { atMs, count, deviceIdText, errorCode, pageQuery } from "./basic-schema.js";
import { fromProtocol } from "./protocol-schema.js";

export const rolloutIdText = fromProtocol(rolloutId);
export const rolloutParams = z.object({ rolloutId: rolloutIdText });
export const rolloutConfigBody = fromProtocol(rolloutConfig, "RolloutConfig");

const interval = z.tuple([z.number(), z.number()]).readonly().nullable();

export const gateView = z
  .object({
    gate: z.string().describe("`install`, or the metric"),
    segment: z.string().nullable(),
    verdict: z.enum(["pass", "fail", "inconclusive", "error"]),
    reason: z.string(),
    value: z.number().nullable(),
    control: z.number().nullable(),
    interval: interval.describe("Of value minus control, at the confidence by which the gate decides"),
    sample: count,
    controlSample: count,
    minSample: count,
    limit: z.number().nullable().describe("The value that would fail"),
    checkedAtMs: atMs,
  })
  .openapi("Gate");
export type GateBody = z.infer<typeof gateView>;

export const waveView = z
  .object({
    index: count,
    name: z.string(),
    percent: z.number(),
    state: z.enum(WAVE_STATES),
    numTargets: count,
    numReached: count,
    byState: z.partialRecord(z.enum(TARGET_STATES), count).readonly(),
    gates: z.array(gateView).readonly(),
    startedAtMs: atMs.nullable(),
    soaksUntilMs: atMs.nullable(),
    endedAtMs: atMs.nullable(),
  })
  .openapi("Wave");
export type WaveBody = z.infer<typeof waveView>;

const arm = z.object({ version: count, sample: count, value: z.number().nullable(), share: z.number() });

const comparisonView = z
  .object({
    metric: z.string(),
    arms: z.array(arm).readonly(),
    difference: z.number().nullable(),
    interval,
    pValue: z.number().nullable(),
    requiredSample: z.number(),
    verdict: z.string(),
  })
  .openapi("Comparison");

export const rolloutView = z
  .object({
    rolloutId: rolloutIdText,
    config: rolloutConfigBody,
    state: z.enum(ROLLOUT_STATES),
    pauseReason: z.enum(PAUSE_REASONS).nullable(),
    reason: z.string(),
    revision: count.describe("Grows with every change; commands name the one that they saw"),
    currentWave: count.nullable(),
    waves: z.array(waveView).readonly(),
    fallbackVersion: count.nullable(),
    releaseCounter: count.nullable(),
    createdBy: z.string(),
    approvedBy: z.string().nullable(),
    createdAtMs: atMs,
    changedAtMs: atMs,
    comparison: comparisonView.nullable(),
  })
  .openapi("Rollout") satisfies z.ZodType<RolloutView>;
export type RolloutBody = z.infer<typeof rolloutView>;

export const rolloutList = z.object({ rollouts: z.array(rolloutView).readonly() }).openapi("RolloutList");

/** Its fields are checked where it is put together: one description of a rollout decides, however it was said. */
export const rolloutRequest = z.record(z.string(), z.unknown()).openapi("RolloutRequest", {
  description:
    "A whole rollout, or `template` with at least `model` and `version` and whatever differs from the template; `rolloutId` is made up where it is missing.",
  anyOf: [
    { $ref: "#/components/schemas/RolloutConfig" },
    {
      type: "object",
      required: ["template", "model", "version"],
      properties: { template: { type: "string" }, model: { type: "string" }, version: { type: "integer" } },
    },
  ],
});

export const commandRequest = z
  .object({
    reason: z.string().min(1).max(1024).describe("For the history and the audit"),
    revision: count.optional().describe("What was seen; refused as ROLLOUT_CHANGED when it is another now"),
  })
  .openapi("RolloutCommand");

export const editQuery = z.object({
  revision: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .describe("What was seen; refused as ROLLOUT_CHANGED when it is another now"),
});

export const rolloutDeleted = z.object({ rolloutId: rolloutIdText }).openapi("RolloutDeleted");

export const targetView = z
  .object({
    deviceId: deviceIdText,
    wave: count,
    state: z.enum(TARGET_STATES),
    attempt: count,
    code: errorCode.nullable(),
    message: z.string().nullable(),
    changedAtMs: atMs,
  })
  .openapi("RolloutTarget");
export type TargetBody = z.infer<typeof targetView>;

export const targetQuery = pageQuery.extend({ state: z.enum(TARGET_STATES).optional() });

export const targetList = z
  .object({ total: count, targets: z.array(targetView).readonly() })
  .openapi("RolloutTargetList");

const historyEntry = z
  .object({ seq: count, atMs, actor: z.string(), event: z.string(), reason: z.string() })
  .openapi("RolloutHistoryEntry");
export type HistoryBody = z.infer<typeof historyEntry>;

export const rolloutHistory = z
  .object({ history: z.array(historyEntry).readonly() })
  .openapi("RolloutHistory");

export const timelineEntry = targetView.extend({ rolloutId: rolloutIdText }).openapi("DeviceTimelineEntry");
export type TimelineBody = z.infer<typeof timelineEntry>;

export const deviceTimeline = z
  .object({ timeline: z.array(timelineEntry).readonly() })
  .openapi("DeviceTimeline");

const previewWave = z.object({
  name: z.string(),
  numDevices: count,
  devices: z.array(deviceIdText).readonly().describe("The first of them"),
});
const excluded = z.object({ reason: z.string(), numDevices: count });
const conflict = z.object({ rolloutId: rolloutIdText, numDevices: count, wins: z.boolean() });

export const rolloutPreview = z
  .object({
    numMatching: count,
    isReturn: z.boolean().describe("To a version that the fleet ran lately: no soak, no metric gates"),
    waves: z.array(previewWave).readonly(),
    excluded: z.array(excluded).readonly(),
    conflicts: z.array(conflict).readonly().describe("`wins`: the devices obey that other rollout"),
  })
  .openapi("RolloutPreview");
export type PreviewBody = z.infer<typeof rolloutPreview>;

const template = z.object({
  name: z.string(),
  description: z.string(),
  config: z.record(z.string(), z.unknown()).readonly(),
});

export const templateList = z
  .object({ templates: z.array(template).readonly() })
  .openapi("RolloutTemplateList");
