import {
  ERROR_CODES,
  decodeWith,
  deviceId,
  finiteNumber,
  nonNegativeInt,
  positiveInt,
  sha256,
} from "@fedge/protocol";
import * as z from "zod/mini";
import type { JournalEvent, RoundSummary } from "../rounds/journal.js";

const amount = finiteNumber.check(z.nonnegative());
const errorCode = z.enum(ERROR_CODES);
const abandonReason = z.enum(["too-few-devices", "too-few-reports", "task-stopped", "aggregation-failed"]);
const atMs = nonNegativeInt;

const countedUpdate = z.object({
  deviceId,
  sha256,
  numExamples: nonNegativeInt,
  sizeBytes: nonNegativeInt,
  l2Norm: amount,
  lossBefore: z.nullable(finiteNumber),
  lossAfter: z.nullable(finiteNumber),
  trainMs: amount,
});

const snapshot = z.object({ fileName: z.string(), sha256: z.string(), sizeBytes: nonNegativeInt });

const journalEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("cohort-selected"), atMs, devices: z.array(deviceId) }),
  z.object({ type: z.literal("selection-failed"), atMs, numAvailable: nonNegativeInt }),
  z.object({ type: z.literal("updates-counted"), atMs, updates: z.array(countedUpdate), snapshot }),
  z.object({ type: z.literal("update-refused"), atMs, deviceId, code: errorCode }),
  z.object({ type: z.literal("device-left"), atMs, deviceId, reason: z.enum(["dropped", "aborted"]) }),
  z.object({
    type: z.literal("reporting-expired"),
    atMs,
    lost: z.optional(z.array(deviceId)),
    awaited: z.optional(z.array(deviceId)),
  }),
  z.object({ type: z.literal("stopped"), atMs, reason: abandonReason }),
  z.object({ type: z.literal("version-committed"), atMs, version: positiveInt }),
]);

const lost = z.object({
  dropped: nonNegativeInt,
  late: nonNegativeInt,
  aborted: nonNegativeInt,
  refused: nonNegativeInt,
  "not-needed": nonNegativeInt,
});

const roundSummary = z.object({
  outcome: z.enum(["open", "committed", "abandoned"]),
  abandonReason: z.nullable(abandonReason),
  version: z.nullable(positiveInt),
  numSelected: nonNegativeInt,
  numCounted: nonNegativeInt,
  numExamples: nonNegativeInt,
  lost,
  refusedByCode: z.partialRecord(errorCode, nonNegativeInt),
  trainMs: amount,
  meanLossBefore: z.nullable(finiteNumber),
  meanLossAfter: z.nullable(finiteNumber),
  bytesUp: nonNegativeInt,
  bytesDown: nonNegativeInt,
  closedAtMs: z.nullable(nonNegativeInt),
});

/** The event, checked field by field. Throws DATA_CORRUPT naming the field. */
export function decodeJournalEvent(value: unknown): JournalEvent {
  return decodeWith(journalEvent, value, { what: "round event", code: "DATA_CORRUPT" });
}

/** The summary, checked field by field. Throws DATA_CORRUPT naming the field. */
export function decodeRoundSummary(value: unknown): RoundSummary {
  return decodeWith(roundSummary, value, { what: "round summary", code: "DATA_CORRUPT" });
}

/** What a round starts with, before anything of it is known. */
export const OPEN_ROUND_SUMMARY: RoundSummary = {
  outcome: "open",
  abandonReason: null,
  version: null,
  numSelected: 0,
  numCounted: 0,
  numExamples: 0,
  lost: { dropped: 0, late: 0, aborted: 0, refused: 0, "not-needed": 0 },
  refusedByCode: {},
  trainMs: 0,
  meanLossBefore: null,
  meanLossAfter: null,
  bytesUp: 0,
  bytesDown: 0,
  closedAtMs: null,
};
