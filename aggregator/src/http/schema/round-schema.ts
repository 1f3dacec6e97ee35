import { z } from "@hono/zod-openapi";
import { atMs, count, errorCode, roundIdText, taskIdText } from "./basic-schema.js";

export const abandonReason = z.enum([
  "too-few-devices",
  "too-few-reports",
  "task-stopped",
  "aggregation-failed",
]);

const lost = z
  .object({ dropped: count, late: count, aborted: count, refused: count, "not-needed": count })
  .openapi("LostDevices", { description: "Selected devices whose update is not in the sum, by reason" });

const storedRoundFields = {
  roundId: roundIdText,
  taskId: taskIdText,
  number: z.number().int().positive(),
  baseVersion: z.number().int().positive(),
  openedAtMs: atMs,
  outcome: z.enum(["open", "committed", "abandoned"]),
  abandonReason: abandonReason.nullable(),
  version: z.number().int().positive().nullable(),
  numSelected: count,
  numCounted: count,
  numExamples: count,
  lost,
  refusedByCode: z.partialRecord(errorCode, count).readonly(),
  trainMs: z.number().nonnegative(),
  meanLossBefore: z.number().nullable(),
  meanLossAfter: z.number().nullable(),
  bytesUp: count,
  bytesDown: count,
  closedAtMs: atMs.nullable(),
};

export const storedRound = z.object(storedRoundFields).openapi("Round");
export type RoundBody = z.infer<typeof storedRound>;

export const liveRound = z
  .object({
    ...storedRoundFields,
    phase: z.enum(["selecting", "reporting", "aggregating", "committed", "abandoned"]),
    numWaiting: count,
    numTraining: count,
    numUploading: count,
  })
  .openapi("LiveRound");

export const journalEvent = z
  .looseObject({ type: z.string(), atMs })
  .openapi("JournalEvent", { description: "What the round remembers, in order" });

export const roundList = z.object({ rounds: z.array(storedRound).readonly() }).openapi("RoundList");

export const roundDetail = z
  .object({ round: storedRound, events: z.array(journalEvent).readonly() })
  .openapi("RoundDetail");
