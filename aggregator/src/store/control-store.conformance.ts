import type { DeviceId, ModelName, RoundId, Sha256, TaskId } from "@fedge/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JournalEvent, RoundRecord, RoundSummary, VersionRecord } from "../rounds/journal.js";
import type { TaskConfig } from "../tasks/task-config.js";
import type { DatabaseStore } from "./drizzle-store.js";
import { OPEN_ROUND_SUMMARY } from "./journal-codec.js";

const KEYBOARD = "keyboard" as ModelName;
const T1 = "t1" as TaskId;
const R1 = "r1" as RoundId;
const ANA = "ana" as DeviceId;
const retry = { minMs: 1000, maxMs: 2000 };

export function taskConfigOf(taskId: string, model = "keyboard"): TaskConfig {
  return {
    taskId: taskId as TaskId,
    model: model as ModelName,
    seed: "seed",
    maxRounds: 10,
    targetAccuracy: null,
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
    serverOptimizer: { kind: "fed-avg", learningRate: 1 } as unknown as TaskConfig["serverOptimizer"],
    release: { everyVersions: 1 },
  };
}
