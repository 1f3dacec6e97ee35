import type { DeviceId } from "@fedge/protocol";
import type { RolloutConfig, RolloutId } from "../../rollouts/rollout-config.js";
import type { GateView, RolloutView, TargetView, WaveView } from "../../rollouts/rollout-view.js";
import { rolloutFromTemplate } from "../../rollouts/templates.js";
import { SAMPLE_MODEL, SAMPLE_START_MS } from "./sample-data.js";

export { SAMPLE_START_MS } from "./sample-data.js";
export const SAMPLE_ROLLOUT = "digits-7-staged" as RolloutId;

/** The staged template for version 7. */
export function sampleRolloutConfig(change: Partial<RolloutConfig> = {}): RolloutConfig {
  return rolloutFromTemplate("staged", {
    rolloutId: SAMPLE_ROLLOUT,
    model: SAMPLE_MODEL,
    version: 7,
    ...change,
  });
}

/** Ready, with a pending wave for each of its configuration, unless changed. */
export function sampleRollout(change: Partial<RolloutView> = {}): RolloutView {
  const config = change.config ?? sampleRolloutConfig();
  return {
    rolloutId: config.rolloutId,
    config,
    state: "ready",
    pauseReason: null,
    reason: "created by ana",
    revision: 1,
    currentWave: null,
    waves: config.waves.map((wave, index) => sampleWave(index, { name: wave.name, percent: wave.percent })),
    fallbackVersion: 6,
    releaseCounter: null,
    createdBy: "ana",
    approvedBy: null,
    createdAtMs: SAMPLE_START_MS,
    changedAtMs: SAMPLE_START_MS,
    comparison: null,
    ...change,
  };
}

/** Pending and empty unless changed. */
export function sampleWave(index: number, change: Partial<WaveView> = {}): WaveView {
  return {
    index,
    name: `wave ${index + 1}`,
    percent: 100,
    state: "pending",
    numTargets: 0,
    numReached: 0,
    byState: {},
    gates: [],
    startedAtMs: null,
    soaksUntilMs: null,
    endedAtMs: null,
    ...change,
  };
}

/** Passed unless changed. */
export function sampleGate(change: Partial<GateView> = {}): GateView {
  return {
    gate: "error-rate",
    segment: null,
    verdict: "pass",
    reason: "not worse than the control cohort by 1 point",
    value: 0.021,
    control: 0.02,
    interval: [-0.004, 0.006],
    sample: 4000,
    controlSample: 3800,
    minSample: 500,
    limit: 0.03,
    checkedAtMs: SAMPLE_START_MS,
    ...change,
  };
}

export function sampleTarget(number: number, change: Partial<TargetView> = {}): TargetView {
  return {
    deviceId: `device-${number}` as DeviceId,
    wave: 0,
    state: "committed",
    attempt: 1,
    code: null,
    message: null,
    changedAtMs: SAMPLE_START_MS + number,
    ...change,
  };
}
