import * as z from "zod/mini";
import { modelName, roundId } from "../ids.js";
import { nonNegativeInt, shortText } from "../schema.js";
import { errorCode, report, roundAttempt } from "./round.js";

/* What only servers read: a page ships none of it. */

/** Device to server: I am eligible and have this many examples for these models. */
export const checkIn = z.object({
  type: z.literal("check-in"),
  runtimeVersion: shortText,
  engine: shortText,
  models: z
    .array(z.object({ model: modelName, numExamples: nonNegativeInt }))
    .check(z.minLength(1), z.maxLength(16)),
});

/** Device to server: I give this assignment up. */
export const abort = z.object({
  type: z.literal("abort"),
  roundId,
  attempt: roundAttempt,
  reason: z.enum(["interrupted", "failed", "no-examples", "deadline", "incompatible"]),
  code: errorCode,
});

export const roundUp = z.discriminatedUnion("type", [checkIn, report, abort]);
export type RoundUp = z.infer<typeof roundUp>;
export type CheckIn = z.infer<typeof checkIn>;
export type Abort = z.infer<typeof abort>;
