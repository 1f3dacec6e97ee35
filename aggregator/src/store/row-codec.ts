import {
  UNTRUSTING_CODES,
  blobRef,
  decodeWith,
  nonNegativeInt,
  roundId,
  taskId,
  deviceId,
  modelName,
} from "@fedge/protocol";
import * as z from "zod/mini";
import type { RoundRecord, StoredRound, VersionRecord } from "../rounds/journal.js";
import { TASK_STATUSES, taskConfig } from "../tasks/task-config.js";
import { decodeRoundSummary } from "./journal-codec.js";
import type { DeviceRecord, EvaluationRecord, ReleaseRecord, TaskRecord } from "./port.js";
import type { devices, evaluations, modelVersions, releases, rounds, tasks } from "./schema.js";

type TaskRow = typeof tasks.$inferSelect;
type RoundRow = typeof rounds.$inferSelect;
type VersionRow = typeof modelVersions.$inferSelect;
type DeviceRow = typeof devices.$inferSelect;

const stored = (what: string) => ({ what: `stored ${what}`, code: "DATA_CORRUPT" as const });

const taskFields = z.object({ config: taskConfig, status: z.enum(TASK_STATUSES) });
const roundFields = z.object({ roundId, taskId });
const versionFields = z.object({
  manifest: blobRef,
  checkpoint: blobRef,
  optimizerState: z.nullable(blobRef),
  taskId: z.nullable(taskId),
  roundId: z.nullable(roundId),
  provenance: z.object({
    cohortSize: nonNegativeInt,
    privacySpent: z.nullable(z.object({ epsilon: z.number(), delta: z.number() })),
    dataWindow: z.nullable(z.object({ firstMs: z.number(), lastMs: z.number() })),
    codeVersion: z.string(),
    signer: z.nullable(z.string()),
  }),
  finalSum: z.nullable(blobRef),
});
const evaluationFields = z.object({ model: modelName, results: z.nullable(blobRef) });
const deviceFields = z.object({
  deviceId,
  presence: z.enum(["online", "sleeping", "offline", "lost"]),
  serving: z.record(
    z.string(),
    z.object({ version: nonNegativeInt, manifestSha256: z.nullable(z.string()) }),
  ),
  attributes: z.record(z.string(), z.string()),
  untrusting: z.nullable(z.enum(UNTRUSTING_CODES)),
  tags: z.array(z.string()),
});

/*
 * A column's SQL type holds by itself; what SQL cannot say (JSON, identifiers, closed sets) is checked here.
 * All throw DATA_CORRUPT.
 */

export function taskOf(row: TaskRow): TaskRecord {
  const { config, status } = decodeWith(taskFields, row, stored("task"));
  return {
    config,
    status,
    statusReason: row.statusReason,
    createdAtMs: row.createdAtMs,
    endedAtMs: row.endedAtMs,
  };
}

export function roundOf(row: RoundRow): RoundRecord {
  const ids = decodeWith(roundFields, row, stored("round"));
  return { ...ids, number: row.number, baseVersion: row.baseVersion, openedAtMs: row.openedAtMs };
}

export function storedRoundOf(row: RoundRow): StoredRound {
  return { ...roundOf(row), ...decodeRoundSummary(row.summary) };
}

export function versionOf(row: VersionRow): VersionRecord {
  const { model, version, parentVersion, numUpdates, numExamples, createdAtMs, deletedAtMs } = row;
  const checked = decodeWith(versionFields, row, stored("model version"));
  return { model, version, ...checked, parentVersion, numUpdates, numExamples, createdAtMs, deletedAtMs };
}

export function deviceOf(row: DeviceRow): DeviceRecord {
  const { publicKey, enrolledAtMs, lastSeenAtMs, session, runtimeVersion, engine, platform } = row;
  const { decommissionedAtMs } = row;
  const checked = decodeWith(deviceFields, row, stored("device"));
  const said = { session, runtimeVersion, engine, platform };
  return { ...checked, publicKey, enrolledAtMs, lastSeenAtMs, ...said, decommissionedAtMs };
}

export function evaluationOf(row: typeof evaluations.$inferSelect): EvaluationRecord {
  return { ...row, ...decodeWith(evaluationFields, row, stored("evaluation")) };
}

export function releaseOf(row: typeof releases.$inferSelect): ReleaseRecord {
  const { releaseCounter, version, releasedAtMs } = row;
  return { model: modelOf(row.model), releaseCounter, version, releasedAtMs };
}

export function modelOf(name: string) {
  return decodeWith(modelName, name, stored("model name"));
}
