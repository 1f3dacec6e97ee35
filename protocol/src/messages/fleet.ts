import * as z from "zod/mini";
import { blobRef } from "../blob-ref.js";
import { ERROR_CODES, type ErrorCode } from "../errors.js";
import { deviceId, modelName } from "../ids.js";
import { durationMs, nonNegativeInt, positiveInt, shortText } from "../schema.js";

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

const MAX_ATTRIBUTES = 32;

/** Names and short values that an app gives its device. */
export const deviceAttributes = z
  .record(z.string().check(z.regex(/^[a-z][a-z0-9_-]{0,31}$/)), z.string().check(z.maxLength(64)))
  .check(
    z.refine((given) => Object.keys(given).length <= MAX_ATTRIBUTES, `at most ${MAX_ATTRIBUTES} attributes`),
  );
export type DeviceAttributes = z.infer<typeof deviceAttributes>;

/** Why a device believes nothing new: what is signed is stale, or is signed by keys of another root than it trusts. */
export const UNTRUSTING_CODES = ["METADATA_EXPIRED", "ROOT_UNKNOWN"] as const satisfies readonly ErrorCode[];
export type UntrustingCode = (typeof UNTRUSTING_CODES)[number];

/** First message of a session, and again when something of it has changed: who I am and what I run. */
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
        /** Of the release that brought the version; missing from what came with the app. */
        releaseCounter: z.optional(nonNegativeInt),
      }),
    )
    .check(z.maxLength(16)),
  /** What the app says of the device, for filters and segments: `region`, `app`, `form`. Never about its person. */
  attributes: z.optional(deviceAttributes),
  /** Missing while the device believes what the server signs. Says nothing of its person or its data. */
  untrusting: z.optional(z.enum(UNTRUSTING_CODES)),
});
export type Birth = z.infer<typeof birth>;

const fraction = z.number().check(z.gte(0), z.lte(1));

/** When a version that was activated may stay: all of it, or the device goes back to the one before by itself. */
export const probationPolicy = z.object({
  /** Passed after so many predictions or so long, whichever comes first. */
  minPredictions: nonNegativeInt,
  minDurationMs: durationMs,
  /** What has not passed by then has failed. */
  deadlineMs: durationMs,
  maxErrorRate: fraction,
  /** The 95th percentile of a prediction's time, over that of the version before; measured on the same device. */
  maxLatencyRatio: z.number().check(z.gt(0)),
  /** Growth of memory over that with the version before, where the platform can tell. */
  maxMemoryGrowthBytes: z.nullable(nonNegativeInt),
  /** False wants one message of the server after the activation; true lets a device pass that is out of touch. */
  allowsOffline: z.boolean(),
});
export type ProbationPolicy = z.infer<typeof probationPolicy>;

export const installPolicy = z.object({
  /** Of every state before the activation; the probation has its own. */
  stateDeadlineMs: durationMs,
  maxActivations: positiveInt,
  maxCrashes: positiveInt,
  /** `never` keeps a version that fails its probation, and says so. */
  rollback: z.enum(["automatic", "never"]),
  /**
   * `back` leads to the version before, without a server, when the device's own monitor says for sure that the data have
   * drifted or are broken; `stay`, where nothing is said, only stops training.
   */
  onDrift: z.optional(z.enum(["stay", "back"])),
  probation: probationPolicy,
});
export type InstallPolicy = z.infer<typeof installPolicy>;

/** A version that a device should serve, or, as a shadow, run beside what it serves and only compare. */
export const desiredModel = z.object({
  model: modelName,
  version: positiveInt,
  manifest: blobRef,
  /** Of this model's release; the document's own where it is missing. */
  releaseCounter: z.optional(positiveInt),
  /** The rollout that wants it; null for what the whole fleet runs. */
  rolloutId: z.optional(z.nullable(z.string().check(z.maxLength(64)))),
  /** A retry is a new attempt at the same release. */
  attempt: z.optional(positiveInt),
  policy: z.optional(installPolicy),
  shadow: z.optional(z.object({ version: positiveInt, manifest: blobRef, rolloutId: z.string() })),
});
export type DesiredModel = z.infer<typeof desiredModel>;

/** Retained at `d/{deviceId}/desired`: what the device should run. Only the latest one counts. */
export const desired = z.object({
  type: z.literal("desired"),
  releaseCounter: positiveInt,
  /** Whom it is for; a document for another device is refused. */
  deviceId: z.optional(deviceId),
  models: z.array(desiredModel).check(z.maxLength(16)),
  /** Ed25519 over the canonical JSON of the document without this field, by a key of the role `timestamp`. */
  signature: z.optional(
    z.object({ keyId: z.string().check(z.maxLength(128)), value: z.string().check(z.maxLength(256)) }),
  ),
});
export type Desired = z.infer<typeof desired>;

/**
 * Where a device's work on one release stands. The last seven are final: `rejected` (nothing was begun), `failed`
 * (nothing has changed), `rolled-back` (the version before serves again), `not-rolled-back` (the failed version stays, as
 * its policy says), `safe-mode` (the version before failed as well; what came with the app serves), `canceled`.
 */
export const INSTALL_STATES = [
  "assigned",
  "downloading",
  "verifying",
  "staged",
  "activating",
  "probation",
  "rolling-back",
  "committed",
  "rejected",
  "failed",
  "rolled-back",
  "not-rolled-back",
  "safe-mode",
  "canceled",
] as const;
export type InstallState = (typeof INSTALL_STATES)[number];

/** Device to server: how far the reconciliation towards a desired version got. */
export const installReport = z.object({
  type: z.literal("install"),
  model: modelName,
  version: positiveInt,
  manifestSha256: blobRef.shape.sha256,
  releaseCounter: positiveInt,
  rolloutId: z.optional(z.nullable(z.string().check(z.maxLength(64)))),
  attempt: z.optional(positiveInt),
  /** Grows with every report of an attempt; the server ignores what is older than what it has. */
  step: z.optional(nonNegativeInt),
  state: z.enum(INSTALL_STATES),
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
