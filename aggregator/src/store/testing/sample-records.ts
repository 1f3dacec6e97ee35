import type { DeviceId, ModelName, RoundId, Sha256, TaskId } from "@fedge/protocol";
import type { JournalEvent, RoundRecord, RoundSummary, VersionRecord } from "../../rounds/journal.js";
import type { TaskConfig } from "../../tasks/task-config.js";
import { OPEN_ROUND_SUMMARY } from "../journal-codec.js";

/** Names that no other test of the same store uses. */
export interface SampleNames {
  readonly model: ModelName;
  readonly taskId: TaskId;
  readonly roundId: RoundId;
  readonly deviceId: DeviceId;
}

export function namesOf(tag: string): SampleNames {
  return {
    model: `model-${tag}` as ModelName,
    taskId: `task-${tag}` as TaskId,
    roundId: `round-${tag}` as RoundId,
    deviceId: `device-${tag}` as DeviceId,
  };
}

export function sampleTaskConfig(taskId: TaskId, model: ModelName): TaskConfig {
  const retry = { minMs: 1000, maxMs: 2000 };
  return {
    taskId,
    model,
    seed: "seed",
    maxRounds: 10,
    targetAccuracy: 0.99,
    round: {
      goalReports: 10,
      minReports: 5,
      overSelection: 1.3,
      minAvailable: 10,
      selectionDeadlineMs: 60_000,
      reportingDeadlineMs: 60_000,
      lostGraceMs: 5000,
      close: "goal",
      pauseBetweenRoundsMs: 0,
      minSeparationRounds: 0,
      poolLimit: 1000,
      poolWaitMs: 60_000,
      retryAfterRound: retry,
      retryAfterRejection: retry,
    },
    training: {
      epochs: 1,
      batchSize: 32,
      learningRate: 0.1,
      proximalMu: 0,
      maxExamples: 1000,
      minExamples: 1,
    },
    update: { encoding: "float32", maxNorm: 100 },
    serverOptimizer: { kind: "fedavg", learningRate: 1 },
    release: { everyVersions: 1 },
  };
}

export function sampleRound(names: SampleNames, changes: Partial<RoundRecord> = {}): RoundRecord {
  return {
    roundId: names.roundId,
    taskId: names.taskId,
    number: 1,
    baseVersion: 1,
    openedAtMs: 5000,
    ...changes,
  };
}

const SHA = "ab".repeat(32) as Sha256;

export function sampleVersion(names: SampleNames, changes: Partial<VersionRecord> = {}): VersionRecord {
  return {
    model: names.model,
    version: 1,
    manifest: { sha256: SHA, sizeBytes: 900 },
    checkpoint: { sha256: SHA, sizeBytes: 800_000 },
    optimizerState: null,
    parentVersion: null,
    taskId: null,
    roundId: null,
    numUpdates: 0,
    numExamples: 0,
    provenance: {
      cohortSize: 0,
      privacySpent: null,
      dataWindow: null,
      codeVersion: "0.1.0",
      signer: null,
    },
    finalSum: null,
    createdAtMs: 1_700_000_000_123,
    deletedAtMs: null,
    ...changes,
  };
}

export const COMMITTED_SUMMARY: RoundSummary = {
  ...OPEN_ROUND_SUMMARY,
  outcome: "committed",
  version: 2,
  numSelected: 13,
  numCounted: 10,
  numExamples: 6000,
  lost: { dropped: 1, late: 0, aborted: 1, refused: 1, "not-needed": 0 },
  refusedByCode: { UPDATE_NOT_FINITE: 1 },
  trainMs: 1234.5,
  meanLossBefore: 2.25,
  meanLossAfter: 0.125,
  bytesUp: 8_000_000_000,
  bytesDown: 10_400_000,
  closedAtMs: 9000,
};

/** One event of every kind. */
export function sampleEvents(names: SampleNames): JournalEvent[] {
  const { deviceId } = names;
  const snapshot = { fileName: "fold-1", sha256: SHA, sizeBytes: 1_600_000 };
  const update = {
    deviceId,
    sha256: SHA,
    numExamples: 600,
    sizeBytes: 796_840,
    l2Norm: 0.75,
    lossBefore: 2.3,
    lossAfter: null,
  };
  return [
    { type: "cohort-selected", atMs: 1, devices: [deviceId, "other" as DeviceId] },
    { type: "selection-failed", atMs: 2, numAvailable: 3 },
    { type: "updates-counted", atMs: 3, updates: [{ ...update, trainMs: 99.5 }], snapshot },
    { type: "update-refused", atMs: 4, deviceId, code: "UPDATE_NOT_FINITE" },
    { type: "device-left", atMs: 5, deviceId, reason: "aborted" },
    { type: "reporting-expired", atMs: 6, lost: [deviceId], awaited: [] },
    { type: "stopped", atMs: 7, reason: "task-stopped" },
    { type: "version-committed", atMs: 8, version: 2 },
  ];
}
