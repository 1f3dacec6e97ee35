import type { ModelName } from "@fedge/protocol";
import {
  decodeRolloutConfig,
  type MetricGate,
  type RolloutConfig,
  type RolloutId,
} from "./rollout-config.js";

export const ROLLOUT_TEMPLATES = ["staged", "quick"] as const;
export type RolloutTemplate = (typeof ROLLOUT_TEMPLATES)[number];

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Devices that belong to the people who make the model, and see it first. */
const INTERNAL = "tag == internal";

/** What goes wrong with models, and how much of it is borne before a wave has failed. */
function metricGates(minSample: number): MetricGate[] {
  const gate = (metric: string, tolerance: MetricGate["tolerance"]): MetricGate => {
    return { metric, tolerance, minSample, alpha: 0.05 };
  };
  return [
    gate("error-rate", { absolute: 0.01 }),
    gate("prediction-error", { absolute: 0.02 }),
    gate("latency-p95", { relative: 0.5 }),
  ];
}

/** Internal devices, then 1, 5, 25 and 100 %, from an hour of soak to a day: for a night without an operator. */
function staged(): Partial<RolloutConfig> {
  return {
    waves: [
      { name: "internal", filter: INTERNAL, percent: 100, soakMs: HOUR_MS },
      { name: "1 %", percent: 1, soakMs: 4 * HOUR_MS },
      { name: "5 %", percent: 5, soakMs: 12 * HOUR_MS },
      { name: "25 %", percent: 25, soakMs: 24 * HOUR_MS },
      { name: "100 %", percent: 100, soakMs: 24 * HOUR_MS },
    ],
    gates: {
      install: { minSuccess: 0.9, minReached: 0.5, maxErrors: 0.02, minReports: 10 },
      metrics: metricGates(1000),
    },
    analysis: { intervalMs: MINUTE_MS, failureLimit: 0, errorLimit: 4, deadlineMs: 24 * HOUR_MS },
    rate: { basePerMinute: 50, factor: 2, growAt: 1000, maxPerMinute: 1000 },
    inProgressTimeoutMs: 6 * HOUR_MS,
  };
}

/** The same shape in seconds, for a demonstration and a first try. */
function quick(): Partial<RolloutConfig> {
  return {
    waves: [
      { name: "20 %", percent: 20, soakMs: 5 * SECOND_MS },
      { name: "100 %", percent: 100, soakMs: 5 * SECOND_MS },
    ],
    gates: {
      install: { minSuccess: 0.5, minReached: 0.5, maxErrors: 0.3, minReports: 2 },
      metrics: metricGates(50).slice(0, 2),
    },
    analysis: { intervalMs: SECOND_MS, failureLimit: 0, errorLimit: 4, deadlineMs: 2 * MINUTE_MS },
    rate: null,
    inProgressTimeoutMs: 2 * MINUTE_MS,
    rollBackUpToPercent: 20,
  };
}

/** A whole plan: a template's waves, gates and times, with whatever is wanted otherwise. Throws OPTION_INVALID. */
export function rolloutFrom(
  template: RolloutTemplate,
  wanted: {
    readonly rolloutId: RolloutId;
    readonly model: ModelName;
    readonly version: number;
  } & Partial<RolloutConfig>,
): RolloutConfig {
  const base = {
    ...{ kind: "release", note: "", filter: "", schedule: { startAtMs: null, windows: [] } },
    ...{ maxAttempts: 2, needsApproval: true, rollBackUpToPercent: 5, onAbort: "finish", priority: 100 },
  };
  return decodeRolloutConfig({ ...base, ...(template === "quick" ? quick() : staged()), ...wanted });
}
