import { FedgeError } from "@fedge/protocol";
import { overlaid, type Fields } from "./overlaid.js";
import { decodeRolloutConfig, type RolloutConfig } from "./rollout-config.js";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Everything of a rollout that does not depend on what is rolled out. */
export type TemplateConfig = Omit<RolloutConfig, "rolloutId" | "model" | "version" | "arms" | "comparison">;

export const TEMPLATE_NAMES = ["staged", "quick"] as const;

export interface RolloutTemplate {
  readonly name: (typeof TEMPLATE_NAMES)[number];
  readonly description: string;
  readonly config: TemplateConfig;
}

/** Judged on the device, without any server: an hour of real use, or a hundred predictions. */
const STAGED_INSTALL: TemplateConfig["install"] = {
  stateDeadlineMs: 24 * HOUR_MS,
  maxActivations: 3,
  maxCrashes: 3,
  rollback: "automatic",
  probation: {
    minPredictions: 100,
    minDurationMs: HOUR_MS,
    deadlineMs: 24 * HOUR_MS,
    maxErrorRate: 0.05,
    maxLatencyRatio: 3,
    maxMemoryGrowthBytes: 512 * 1024 * 1024,
    allowsOffline: true,
  },
};

const STAGED: TemplateConfig = {
  kind: "release",
  note: "",
  filter: "",
  waves: [
    // A handful of devices shows no small difference: their estimates are enough to go on to the first one in a hundred.
    {
      ...{ name: "internal", filter: "tag == internal", percent: 100, soakMs: HOUR_MS },
      onInconclusive: "accept-estimate",
    },
    { name: "1 %", percent: 1, soakMs: 4 * HOUR_MS },
    { name: "5 %", percent: 5, soakMs: 12 * HOUR_MS },
    { name: "25 %", percent: 25, soakMs: 24 * HOUR_MS },
    { name: "everyone", percent: 100, soakMs: 24 * HOUR_MS },
  ],
  gates: {
    install: { minSuccess: 0.95, minReached: 0.5, maxErrors: 0.02, minReports: 10, onErrors: "roll-back" },
    metrics: [
      { metric: "error-rate", tolerance: { absolute: 0.01 }, minSample: 500, alpha: 0.01 },
      { metric: "latency-p95", tolerance: { relative: 0.5 }, minSample: 500, alpha: 0.01 },
      { metric: "prediction-error", tolerance: { absolute: 0.02 }, minSample: 500, alpha: 0.01 },
    ],
  },
  install: STAGED_INSTALL,
  analysis: {
    intervalMs: 5 * MINUTE_MS,
    failureLimit: 0,
    errorLimit: 4,
    deadlineMs: 24 * HOUR_MS,
    estimateAfterMs: 4 * HOUR_MS,
  },
  rate: { basePerMinute: 50, factor: 2, growAt: 1000, maxPerMinute: 1000 },
  schedule: { startAtMs: null, windows: [] },
  inProgressTimeoutMs: 24 * HOUR_MS,
  maxAttempts: 3,
  needsApproval: false,
  rollBackUpToPercent: 5,
  onAbort: "finish",
  priority: 100,
};

const QUICK: TemplateConfig = {
  ...STAGED,
  waves: [
    { name: "20 %", percent: 20, soakMs: 5 * SECOND_MS },
    { name: "everyone", percent: 100, soakMs: 5 * SECOND_MS },
  ],
  gates: {
    install: { minSuccess: 0.5, minReached: 0.5, maxErrors: 0.3, minReports: 2, onErrors: "roll-back" },
    metrics: [
      { metric: "error-rate", tolerance: { absolute: 0.01 }, minSample: 50, alpha: 0.05 },
      { metric: "prediction-error", tolerance: { absolute: 0.02 }, minSample: 50, alpha: 0.05 },
    ],
  },
  install: {
    stateDeadlineMs: MINUTE_MS,
    maxActivations: 3,
    maxCrashes: 3,
    rollback: "automatic",
    probation: {
      minPredictions: 20,
      minDurationMs: 2 * SECOND_MS,
      deadlineMs: MINUTE_MS,
      maxErrorRate: 0.05,
      maxLatencyRatio: 3,
      maxMemoryGrowthBytes: null,
      allowsOffline: true,
    },
  },
  analysis: {
    ...{ intervalMs: SECOND_MS, failureLimit: 0, errorLimit: 4, deadlineMs: 2 * MINUTE_MS },
    ...{ onInconclusive: "accept-estimate", estimateAfterMs: 0 },
  },
  rate: null,
  inProgressTimeoutMs: 2 * MINUTE_MS,
  rollBackUpToPercent: 20,
};

/** The first is the one that is taken where none is named. */
export const ROLLOUT_TEMPLATES: readonly RolloutTemplate[] = [
  {
    name: "staged",
    description: "devices tagged internal, then 1 %, 5 %, 25 % and all, over three days",
    config: STAGED,
  },
  { name: "quick", description: "20 %, then all, within seconds: to try things out", config: QUICK },
];

export const DEFAULT_TEMPLATE = "staged";

/** Throws OPTION_INVALID with the names that there are. */
export function templateNamed(name: string): RolloutTemplate {
  const template = ROLLOUT_TEMPLATES.find((candidate) => candidate.name === name);
  if (template !== undefined) return template;
  const names = ROLLOUT_TEMPLATES.map((candidate) => candidate.name).join(" or ");
  throw new FedgeError("OPTION_INVALID", `there is no rollout template "${name}"; take ${names}`);
}

/** A checked rollout by a template. Throws OPTION_INVALID naming the field. */
export function rolloutFromTemplate(name: string, given: Fields): RolloutConfig {
  return decodeRolloutConfig(expandTemplate(name, given));
}

/**
 * The template's configuration with the given fields in place of its own, down to single fields of `gates`, `analysis`
 * and the like; lists are replaced. Not checked. Throws OPTION_INVALID for an unknown template.
 */
export function expandTemplate(name: string, given: Fields): Fields {
  return overlaid(templateNamed(name).config, given);
}
