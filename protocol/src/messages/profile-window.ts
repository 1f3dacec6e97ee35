import * as z from "zod/mini";
import { modelName } from "../ids.js";
import { nonNegativeInt, positiveInt } from "../schema.js";

/** Groups that devices divide into, anew in each window, so that the spread between groups is the error of their sum. */
export const NUM_REPLICATES = 32;
const MAX_VECTOR_TEXT = 80_000;

const windowKey = {
  model: modelName,
  version: positiveInt,
  /** Windows are counted since the epoch: `floor(start / windowLengthMs)`. */
  window: nonNegativeInt,
} as const;

/**
 * What a device counted in one window against a model's reference profile: integers that add up over devices, and nothing
 * of what it saw. The same window may come twice and counts once.
 */
export const profileWindow = z.object({
  type: z.literal("profile-window"),
  ...windowKey,
  layoutSha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  /** Drawn by the device for this window. */
  replicate: nonNegativeInt.check(z.lt(NUM_REPLICATES)),
  /** `encodeVector` in base64. */
  vector: z.string().check(z.maxLength(MAX_VECTOR_TEXT), z.regex(/^[A-Za-z0-9+/]*={0,2}$/)),
});
export type ProfileWindow = z.infer<typeof profileWindow>;

/** The server has the window, or will never want it; the device need not send it again. */
export const profileWindowReceipt = z.object({
  type: z.literal("profile-window-received"),
  ...windowKey,
  /** False for a window that was closed, or of a version or layout that is not monitored. */
  isCounted: z.boolean(),
});
export type ProfileWindowReceipt = z.infer<typeof profileWindowReceipt>;
