import { UNTRUSTING_CODES } from "@fedge/protocol";
import { z } from "@hono/zod-openapi";
import { MAX_FILTER_LENGTH } from "../../fleet/filter/filter-syntax.js";
import { atMs, count, deviceIdText, pageQuery } from "./basic-schema.js";

const served = z.object({ version: count, manifestSha256: z.string().nullable() });

export const deviceRecord = z
  .object({
    deviceId: deviceIdText,
    publicKey: z.string(),
    enrolledAtMs: atMs,
    lastSeenAtMs: atMs,
    presence: z.enum(["online", "sleeping", "offline", "lost"]),
    session: count,
    runtimeVersion: z.string(),
    engine: z.string(),
    platform: z.string(),
    serving: z.record(z.string(), served).readonly(),
    tags: z.array(z.string()).readonly().optional(),
    attributes: z.record(z.string(), z.string()).readonly().optional(),
    untrusting: z
      .enum(UNTRUSTING_CODES)
      .nullable()
      .optional()
      .describe(
        "Why the device believes nothing new: METADATA_EXPIRED for stale metadata; null while it does",
      ),
    decommissionedAtMs: atMs.nullable().optional(),
  })
  .openapi("Device");
export type DeviceBody = z.infer<typeof deviceRecord>;

export const deviceList = z
  .object({
    devices: z.array(deviceRecord).readonly(),
    total: count.describe("Devices that the filter means, on all pages"),
  })
  .openapi("DeviceList");

export const deviceQuery = pageQuery.extend({
  filter: z
    .string()
    .max(MAX_FILTER_LENGTH)
    .optional()
    .describe("Only devices that it means, such as `platform == browser* and serving.digits < 7`"),
});

/** base64url without padding, at most `maxLength` characters. */
const base64url = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .regex(/^[A-Za-z0-9_-]+$/, "base64url without padding");

export const enrolRequest = z
  .object({
    publicKey: base64url(64).describe("Raw 32-byte Ed25519 public key, base64url"),
    enrolmentKey: z.string().min(1).max(256).optional(),
    timestampMs: z.number().int().nonnegative().describe("The device's clock; each is accepted once"),
    proof: base64url(128).describe("Signature of `fedge-enrol-v1:{publicKey}:{timestampMs}`, base64url"),
  })
  .openapi("EnrolRequest");

const deviceToken = { token: z.string(), expiresInMs: z.number().int().positive(), serverTimeMs: atMs };

export const enrolAnswer = z
  .object({
    deviceId: deviceIdText,
    tenantId: z.string(),
    ...deviceToken,
    root: z
      .object({ sha256: z.string(), sizeBytes: count })
      .describe("The newest root of the signed metadata, with which a device's trust begins"),
    mqtt: z.object({ tcpUrl: z.string(), webSocketUrl: z.string() }),
  })
  .openapi("EnrolAnswer");

export const tokenRequest = z
  .object({ timestampMs: z.number().int().nonnegative(), signature: base64url(128) })
  .openapi("TokenRequest");

export const tokenAnswer = z.object(deviceToken).openapi("TokenAnswer");

export const forgetRequest = z
  .object({
    timestampMs: z
      .number()
      .int()
      .nonnegative()
      .describe("When the device signed; later than its last request"),
    signature: base64url(128).describe("Signature of `fedge-forget-v1:{deviceId}:{timestampMs}`, base64url"),
  })
  .openapi("ForgetRequest");

export const forgetAnswer = z.object({ deviceId: deviceIdText }).openapi("ForgetAnswer");
