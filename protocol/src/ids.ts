import * as z from "zod/mini";

/** Identifiers become topic levels and file names, so their alphabet is closed. */
const identifier = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 letters, digits, _ or -"));

export const tenantId = identifier.brand<"TenantId">();
export const deviceId = identifier.brand<"DeviceId">();
export const taskId = identifier.brand<"TaskId">();
export const roundId = identifier.brand<"RoundId">();
export const modelName = identifier.brand<"ModelName">();
export const evaluationRunId = identifier.brand<"EvaluationRunId">();
export const messageId = identifier.brand<"MessageId">();

/** Lower-case hexadecimal SHA-256. */
export const sha256 = z
  .string()
  .check(z.regex(/^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits"))
  .brand<"Sha256">();

export type TenantId = z.infer<typeof tenantId>;
export type DeviceId = z.infer<typeof deviceId>;
export type TaskId = z.infer<typeof taskId>;
export type RoundId = z.infer<typeof roundId>;
export type ModelName = z.infer<typeof modelName>;
export type EvaluationRunId = z.infer<typeof evaluationRunId>;
export type MessageId = z.infer<typeof messageId>;
export type Sha256 = z.infer<typeof sha256>;

const DEVICE_ID_LENGTH = 22;

/**
 * The name of the device with a key: 22 characters of the base64url of the raw public key's SHA-256, which is 132 bits, so
 * that nobody finds a second key for a name. Hyphens before the first other character are left out: a command line would
 * take a name that begins with one for a flag.
 */
export function deviceIdOfKey(keySha256Base64url: string): DeviceId {
  return keySha256Base64url.replace(/^-+/, "").slice(0, DEVICE_ID_LENGTH) as DeviceId;
}
