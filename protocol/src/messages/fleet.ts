import * as z from "zod/mini";
import { blobRef } from "../blob-ref.js";
import { ERROR_CODES } from "../errors.js";
import { modelName } from "../ids.js";
import { nonNegativeInt, positiveInt, shortText } from "../schema.js";

/**
 * Retained at `d/{deviceId}/state`. `offline` is said by the device itself, `lost` by its will.
 * The session number tells a late will of an old connection from the state of the present one.
 */
export const presence = z.object({
  type: z.literal("presence"),
  presence: z.enum(["online", "sleeping", "offline", "lost"]),
  session: nonNegativeInt,
});
export type Presence = z.infer<typeof presence>;

/** First message of a session: who I am and what I run. */
export const birth = z.object({
  type: z.literal("birth"),
  session: nonNegativeInt,
  runtimeVersion: shortText,
  engine: shortText,
  platform: shortText,
  models: z
    .array(
      z.object({
        model: modelName,
        version: nonNegativeInt,
        manifestSha256: z.nullable(blobRef.shape.sha256),
      }),
    )
    .check(z.maxLength(16)),
});
export type Birth = z.infer<typeof birth>;

/** Retained at `d/{deviceId}/desired`: what the device should run. Only the latest one counts. */
export const desired = z.object({
  type: z.literal("desired"),
  releaseCounter: positiveInt,
  models: z
    .array(z.object({ model: modelName, version: positiveInt, manifest: blobRef }))
    .check(z.maxLength(16)),
});
export type Desired = z.infer<typeof desired>;

/** Device to server: how far the reconciliation towards a desired version got. */
export const installReport = z.object({
  type: z.literal("install"),
  model: modelName,
  version: positiveInt,
  manifestSha256: blobRef.shape.sha256,
  releaseCounter: positiveInt,
  state: z.enum(["downloading", "committed", "failed"]),
  code: z.optional(z.enum(ERROR_CODES)),
  message: z.optional(shortText),
});
export type InstallReport = z.infer<typeof installReport>;

/** Retained at `srv/state`. A new session asks every device to say its pending message again. */
export const serverState = z.object({
  type: z.literal("server-state"),
  presence: z.enum(["online", "offline"]),
  session: nonNegativeInt,
});
export type ServerState = z.infer<typeof serverState>;
