import type { TaskId } from "@fedge/protocol";
import type { WindowPolicy } from "@fedge/protocol/profile";
import { decodeRolloutConfig, type RolloutConfig } from "../../rollouts/rollout-config.js";
import { templateNamed } from "../../rollouts/templates.js";
import { decodeTaskConfig, type TaskConfig } from "../../tasks/task-config.js";
import { wholeFleetRound } from "../rehearsal/whole-fleet-round.js";
import { SHOP } from "../shop/shop-model.js";

/** Where the world changes. */
export const COAST = "region=coast";
export const COAST_FILTER = "attribute.region == coast";
/** Fewer are not shown as a cohort. */
export const COAST_DEVICES = 20;
/** The others are a cohort, too. */
export const LEAST_DEVICES = 2 * COAST_DEVICES;

export function isOnCoast(index: number): boolean {
  return index < COAST_DEVICES;
}

/** Predictions of each device, often enough for a verdict in every window. */
export const USE = { everyMs: 350, labelShare: 0.9, metricsIntervalMs: 1000, learnsFromLog: true } as const;
export const GRACE_MS = 10_000;
const LEAST_ROWS_OF_A_VERDICT = 25;
const SELECTION_MS = 15_000;

export function windowPolicy(lengthMs: number): WindowPolicy {
  return { lengthMs, numKept: 28, maxRows: 200, minRows: LEAST_ROWS_OF_A_VERDICT };
}

/** How the model was trained first; a confirmed proposal trains in the same way. */
export function firstTask(of: {
  readonly numDevices: number;
  readonly rounds: number;
  readonly seed: string;
}): TaskConfig {
  return decodeTaskConfig({
    ...{ taskId: "first", model: SHOP, seed: of.seed, maxRounds: of.rounds, targetAccuracy: null },
    round: {
      ...wholeFleetRound(of.numDevices),
      // Some devices may see a drift of their own, by chance, and stay away.
      ...{ minAvailable: Math.ceil(0.9 * of.numDevices), selectionDeadlineMs: SELECTION_MS },
    },
    training: {
      ...{ epochs: 5, batchSize: 16, learningRate: 0.1, proximalMu: 0, maxExamples: 4096, minExamples: 1 },
    },
    update: { encoding: "float32", maxNorm: 100 },
    serverOptimizer: { kind: "fedavg", learningRate: 1 },
    release: { everyVersions: of.rounds },
  });
}

/** Training as the model was trained first, on the coast's devices alone: what it learns there is wrong elsewhere. */
export function recovery(alertId: string, first: TaskConfig): TaskConfig {
  const { release: _, round, ...way } = first;
  const taskId = `recover-${alertId}` as TaskId;
  const size = {
    goalReports: COAST_DEVICES,
    minReports: COAST_DEVICES / 2,
    minAvailable: Math.ceil(0.9 * COAST_DEVICES),
  };
  return { ...way, round: { ...round, ...size }, filter: COAST_FILTER, taskId, seed: taskId };
}

const LEAST_SAMPLE = 100;
const SOAK_MS = 2000;
const DECIDING_MS = 60_000;
/** All devices share a machine, and wait for each other: a multiple of the time before is no fault of a version here. */
const MAX_LATENCY_RATIO = 20;

/** For the coast alone: a quarter of it, then all, if the version is wrong no more often than what the coast had. */
export function coastRollout(version: number, note: string): RolloutConfig {
  const { config } = templateNamed("quick");
  return decodeRolloutConfig({
    ...config,
    ...{ rolloutId: `coast-v${version}`, model: SHOP, version, note, filter: COAST_FILTER },
    waves: [
      { name: "a quarter", percent: 25, soakMs: SOAK_MS },
      { name: "the coast", percent: 100, soakMs: SOAK_MS },
    ],
    gates: {
      install: { minSuccess: 0.8, minReached: 0.8, maxErrors: 0.2, minReports: 2, onErrors: "roll-back" },
      metrics: [
        { metric: "prediction-error", tolerance: { absolute: 0.1 }, minSample: LEAST_SAMPLE, alpha: 0.05 },
        { metric: "error-rate", tolerance: { absolute: 0.05 }, minSample: LEAST_SAMPLE, alpha: 0.05 },
      ],
    },
    // Twenty devices decide so much for certain in seconds; only on a machine that hardly moves their estimate has to do.
    analysis: { ...config.analysis, estimateAfterMs: DECIDING_MS },
    install: {
      ...config.install,
      probation: { ...config.install?.probation, maxLatencyRatio: MAX_LATENCY_RATIO },
    },
    ...{ needsApproval: true, rollBackUpToPercent: 100 },
  });
}
