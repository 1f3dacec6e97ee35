import {
  sha256,
  type BlobRef,
  type DeviceId,
  type ModelName,
  type RoundId,
  type TaskId,
} from "@fedge/protocol";
import type { StoredRound } from "../../rounds/journal.js";
import type { VersionView } from "../../service.js";
import type { DeviceRecord } from "../../store/port.js";
import { decodeTaskConfig, type TaskConfig } from "../../tasks/task-config.js";

export const SAMPLE_TASK = "digits-1" as TaskId;
export const SAMPLE_MODEL = "digits" as ModelName;
export const SAMPLE_START_MS = 1_700_000_000_000;

export function sampleTask(taskId: TaskId = SAMPLE_TASK): TaskConfig {
  return decodeTaskConfig({
    taskId,
    model: SAMPLE_MODEL,
    seed: "1",
    maxRounds: 50,
    targetAccuracy: 0.97,
    round: {
      goalReports: 10,
      minReports: 5,
      overSelection: 1.3,
      minAvailable: 10,
      selectionDeadlineMs: 60_000,
      reportingDeadlineMs: 300_000,
      lostGraceMs: 15_000,
      close: "goal",
      pauseBetweenRoundsMs: 0,
      minSeparationRounds: 0,
      poolLimit: 10_000,
      poolWaitMs: 600_000,
      retryAfterRound: { minMs: 1000, maxMs: 5000 },
      retryAfterRejection: { minMs: 5000, maxMs: 30_000 },
    },
    training: {
      epochs: 1,
      batchSize: 32,
      learningRate: 0.1,
      proximalMu: 0,
      maxExamples: 10_000,
      minExamples: 1,
    },
    update: { encoding: "float32", maxNorm: 1000 },
    serverOptimizer: { kind: "fedavg", learningRate: 1 },
  });
}

/** Round `number`, committed as version `number + 1` unless changed. */
export function sampleRound(number: number, change: Partial<StoredRound> = {}): StoredRound {
  const openedAtMs = SAMPLE_START_MS + number * 10_000;
  return {
    roundId: `${change.taskId ?? SAMPLE_TASK}-r${number}` as RoundId,
    taskId: SAMPLE_TASK,
    number,
    baseVersion: number,
    openedAtMs,
    outcome: "committed",
    abandonReason: null,
    version: number + 1,
    numSelected: 13,
    numCounted: 10,
    numExamples: 6000,
    lost: { dropped: 1, late: 0, aborted: 1, refused: 0, "not-needed": 1 },
    refusedByCode: {},
    trainMs: 4200,
    meanLossBefore: 0.9,
    meanLossAfter: 0.4,
    bytesUp: 8_000_000,
    bytesDown: 10_400_000,
    closedAtMs: openedAtMs + 8000,
    ...change,
  };
}

function sampleProvenance(cohortSize: number): VersionView["provenance"] {
  return { cohortSize, privacySpent: null, dataWindow: null, codeVersion: "0.1.0", signer: null };
}

/** Version `number` with one evaluation on held-out data. */
export function sampleVersion(
  number: number,
  accuracy: number,
  change: Partial<VersionView> = {},
): VersionView {
  return {
    model: SAMPLE_MODEL,
    version: number,
    manifest: sampleBlob("a"),
    checkpoint: { ...sampleBlob("b"), sizeBytes: 797_000 },
    optimizerState: null,
    parentVersion: number === 1 ? null : number - 1,
    taskId: number === 1 ? null : SAMPLE_TASK,
    roundId: number === 1 ? null : (`${SAMPLE_TASK}-r${number - 1}` as RoundId),
    numUpdates: number === 1 ? 0 : 10,
    numExamples: number === 1 ? 0 : 6000,
    provenance: sampleProvenance(number === 1 ? 0 : 13),
    finalSum: null,
    createdAtMs: SAMPLE_START_MS + number * 10_000,
    deletedAtMs: null,
    evaluations: [
      {
        model: SAMPLE_MODEL,
        version: number,
        dataSet: "held-out",
        segment: "",
        numExamples: 2000,
        accuracy,
        loss: 2.3 * (1 - accuracy),
        results: null,
        evaluatedAtMs: SAMPLE_START_MS + number * 10_000 + 500,
      },
    ],
    numServing: 0,
    released: false,
    ...change,
  };
}

export function sampleDevice(number: number, change: Partial<DeviceRecord> = {}): DeviceRecord {
  return {
    deviceId: `device-${number}` as DeviceId,
    publicKey: "q".repeat(43),
    enrolledAtMs: SAMPLE_START_MS,
    lastSeenAtMs: SAMPLE_START_MS + 5000,
    presence: "online",
    session: 1,
    runtimeVersion: "0.1.0",
    engine: "onnxruntime-node",
    platform: "node 20",
    serving: { [SAMPLE_MODEL]: { version: 1, manifestSha256: null } },
    attributes: {},
    untrusting: null,
    tags: [],
    decommissionedAtMs: null,
    ...change,
  };
}

/** A reference to a blob whose hash is one digit over and over. */
export function sampleBlob(digit: string): BlobRef {
  return { sha256: sha256.parse(digit.repeat(64)), sizeBytes: 4096 };
}
