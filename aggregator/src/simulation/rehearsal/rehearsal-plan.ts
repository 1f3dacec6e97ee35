import type { InstallPolicy, ModelName, TaskId } from "@fedge/protocol";
import type { MetricGate, RolloutConfig } from "../../rollouts/rollout-config.js";
import { decodeTaskConfig, type TaskConfig } from "../../tasks/task-config.js";
import type { Fault } from "../broken-versions/broken-version.js";
import { isInSegment, SEGMENT_FILTER } from "./rehearsal-data.js";
import { wholeFleetRound } from "./whole-fleet-round.js";

export const MODEL = "digits" as ModelName;
export const TASK = "night" as TaskId;
/** Goes on where the first task ended. */
export const LATER = "later" as TaskId;
export const PILOT = "pilot";

/** Fewer leave no cohort to compare with. */
export const LEAST_DEVICES = 15;
const LEAST_PILOTS = 6;
/** A segment is compared device by device: two or three on a side would prove nothing. */
const MOST_PILOTS_OF_SEGMENT = 5;

const LATER_ROUNDS = 2;
const SOAK_MS = 2000;
const LEAST_SAMPLE = 80;
const PROBATION_PREDICTIONS = 30;
const PROBATION_MS = 120_000;
/** A version that is slow makes few predictions: time alone must not let it pass. */
const NEVER_BY_TIME_MS = 2 * PROBATION_MS;
/** All devices share a machine, and wait for each other: three times as long may be no fault of a version. */
const MAX_LATENCY_RATIO = 6;
/** All devices share a process, and its memory: only where the fault is memory, a limit tells a version's from theirs. */
const MAX_MEMORY_GROWTH_BYTES = 150 * 1024 * 1024;
/** The pilots of a small fleet are a larger share than a real one's. */
const ROLL_BACK_UP_TO_PERCENT = 45;

const SEGMENT_GATE: MetricGate = {
  metric: "prediction-error",
  tolerance: { absolute: 0.05 },
  minSample: LEAST_SAMPLE,
  alpha: 0.05,
  segment: SEGMENT_FILTER,
};

/** A training task whose good versions the auto-pilot proposes, once, after the last round. */
export function rehearsalTask(of: {
  readonly numDevices: number;
  readonly rounds: number;
  readonly seed: string;
}): TaskConfig {
  return decodeTaskConfig({
    ...{ taskId: TASK, model: MODEL, seed: of.seed, maxRounds: of.rounds, targetAccuracy: null },
    round: wholeFleetRound(of.numDevices),
    training: {
      ...{ epochs: 6, batchSize: 10, learningRate: 0.1, proximalMu: 0 },
      ...{ maxExamples: 65_536, minExamples: 1 },
    },
    update: { encoding: "float32", maxNorm: 100 },
    serverOptimizer: { kind: "fedavg", learningRate: 1 },
    release: { everyVersions: of.rounds },
    autopilot: {
      everyGoodRounds: of.rounds,
      evaluation: "devices",
      template: "quick",
      needsApproval: true,
    },
  });
}

/** Training that goes on after the first task. */
export function laterTask(of: { readonly numDevices: number; readonly seed: string }): TaskConfig {
  return { ...rehearsalTask({ ...of, rounds: LATER_ROUNDS }), taskId: LATER };
}

/** Who gets a version first: some of the segment, some of the others, and enough of both to compare. */
export function pilotsOf(numDevices: number): ReadonlySet<number> {
  const numPilots = Math.max(LEAST_PILOTS, Math.floor(numDevices / 5));
  const all = Array.from({ length: numDevices }, (_, index) => index);
  const segment = all.filter(isInSegment);
  const ofSegment = segment.slice(0, Math.min(MOST_PILOTS_OF_SEGMENT, Math.floor(segment.length / 2)));
  const others = all.filter((index) => !isInSegment(index)).slice(0, numPilots - ofSegment.length);
  return new Set([...ofSegment, ...others]);
}

/** What the data scientist makes of the auto-pilot's proposal: pilots first, a gate for the segment, another trial. */
export function refined(config: RolloutConfig, fault: Fault | null, install?: InstallPolicy): RolloutConfig {
  const { gates } = config;
  return {
    ...config,
    waves: [
      { name: "pilots", filter: `tag == ${PILOT}`, percent: 100, soakMs: SOAK_MS },
      { name: "everyone", percent: 100, soakMs: SOAK_MS },
    ],
    gates: { ...gates, metrics: [SEGMENT_GATE, ...gates.metrics] },
    install: install ?? trialOf(config, fault),
    rollBackUpToPercent: ROLL_BACK_UP_TO_PERCENT,
  };
}

function trialOf({ install }: RolloutConfig, fault: Fault | null): InstallPolicy | undefined {
  if (install === undefined) return undefined;
  const probation = {
    ...install.probation,
    minPredictions: PROBATION_PREDICTIONS,
    minDurationMs: NEVER_BY_TIME_MS,
    deadlineMs: PROBATION_MS,
    maxLatencyRatio: MAX_LATENCY_RATIO,
    maxMemoryGrowthBytes: fault === "memory" ? MAX_MEMORY_GROWTH_BYTES : null,
  };
  return { ...install, probation };
}
