import * as z from "zod/mini";
import { blobRef } from "../blob-ref.js";
import { ERROR_CODES } from "../errors.js";
import { modelName, roundId, taskId } from "../ids.js";
import { BLOCK_BYTES, MAX_BLOB_BYTES, MAX_EXAMPLES_PER_UPDATE } from "../limits.js";
import { durationMs, finiteNumber, nonNegativeInt, positiveInt, shortText } from "../schema.js";

/** When a device may offer itself again: a uniform draw from [minMs, maxMs], so that a fleet does not return at once. */
export const retryWindow = z
  .object({ minMs: durationMs, maxMs: durationMs })
  .check(z.refine((window) => window.minMs <= window.maxMs, "minMs is at most maxMs"));
export type RetryWindow = z.infer<typeof retryWindow>;

export const updateEncoding = z.enum(["float32", "float16", "int8"]);
export type UpdateEncoding = z.infer<typeof updateEncoding>;

/** Why something was refused or given up. */
export const errorCode = z.enum(ERROR_CODES);
/** Counts the assignments of one device in one round. */
export const roundAttempt = z.int().check(z.gte(1), z.lte(65_535));

/** Server to device: you wait in the pool; an assignment or a rejection follows within `answerWithinMs`. */
export const queued = z.object({ type: z.literal("queued"), answerWithinMs: durationMs });

/** Server to device: not now. */
export const rejected = z.object({
  type: z.literal("rejected"),
  reason: z.enum(["no-task", "not-selected", "pool-full", "too-few-examples", "incompatible", "paused"]),
  retryAfter: retryWindow,
});

export const trainingPlan = z.object({
  epochs: z.int().check(z.gte(1), z.lte(1000)),
  batchSize: z.int().check(z.gte(1), z.lte(65_536)),
  learningRate: finiteNumber.check(z.positive()),
  /** FedProx coefficient mu (Li et al. 2020, eq. 2); 0 trains plain FedAvg. */
  proximalMu: finiteNumber.check(z.nonnegative()),
  maxExamples: z.int().check(z.gte(1), z.lte(MAX_EXAMPLES_PER_UPDATE)),
  /** Seeds the order of the examples and the stochastic rounding, with the device id. */
  seed: z.string().check(z.maxLength(128)),
});
export type TrainingPlan = z.infer<typeof trainingPlan>;

/** Server to device: train this version and report within the deadline. Sent again, it means the same. */
export const assigned = z.object({
  type: z.literal("assigned"),
  taskId,
  roundId,
  attempt: roundAttempt,
  model: modelName,
  baseVersion: positiveInt,
  manifest: blobRef,
  plan: trainingPlan,
  upload: z.object({
    encoding: updateEncoding,
    topic: z.string().check(z.maxLength(256)),
    maxBytes: z.int().check(z.gte(1), z.lte(MAX_BLOB_BYTES)),
  }),
  reportWithinMs: durationMs,
});
export type Assigned = z.infer<typeof assigned>;

export const trainingMetrics = z.object({
  steps: nonNegativeInt,
  trainMs: finiteNumber.check(z.nonnegative()),
  lossBefore: z.nullable(finiteNumber),
  lossAfter: z.nullable(finiteNumber),
});
export type TrainingMetrics = z.infer<typeof trainingMetrics>;

/**
 * Device to server: my update is ready. Idempotent under (roundId, device, attempt): it opens the upload, resumes
 * it after a broken connection, and fetches the receipt again when that was lost.
 */
export const report = z.object({
  type: z.literal("report"),
  taskId,
  roundId,
  attempt: roundAttempt,
  baseVersion: positiveInt,
  numExamples: nonNegativeInt,
  update: z.object({
    sha256: blobRef.shape.sha256,
    sizeBytes: blobRef.shape.sizeBytes,
    encoding: updateEncoding,
  }),
  metrics: trainingMetrics,
});
export type Report = z.infer<typeof report>;

const MAX_BLOCKS = MAX_BLOB_BYTES / BLOCK_BYTES;
const blockIndex = z.int().check(z.gte(0), z.lt(MAX_BLOCKS));

function isAscending(ranges: readonly (readonly [number, number])[]): boolean {
  return ranges.every(
    ([first, last], at) =>
      first <= last && (at === 0 || first > (ranges[at - 1] as readonly [number, number])[1]),
  );
}

/** Server to device: send these blocks of the update; `[first, last]`, both included, in ascending order. */
export const proceed = z.object({
  type: z.literal("proceed"),
  roundId,
  attempt: roundAttempt,
  missing: z
    .array(z.tuple([blockIndex, blockIndex]))
    .check(
      z.minLength(1),
      z.maxLength(MAX_BLOCKS),
      z.refine(isAscending, "disjoint ranges in ascending order"),
    ),
});

/** Server to device: the final word on this assignment. `counted` means that the update is in the sum, durably. */
export const receipt = z.object({
  type: z.literal("receipt"),
  roundId,
  attempt: roundAttempt,
  outcome: z.enum(["counted", "refused"]),
  code: z.optional(errorCode),
  message: z.optional(shortText),
  retryAfter: retryWindow,
});
export type Receipt = z.infer<typeof receipt>;

/** Server to device: the round is over without you; stop training. */
export const roundClosed = z.object({
  type: z.literal("round-closed"),
  roundId,
  attempt: roundAttempt,
  reason: z.enum(["goal-reached", "deadline", "abandoned", "task-stopped"]),
  retryAfter: retryWindow,
});

export const roundDown = z.discriminatedUnion("type", [
  queued,
  rejected,
  assigned,
  proceed,
  receipt,
  roundClosed,
]);
export type RoundDown = z.infer<typeof roundDown>;
