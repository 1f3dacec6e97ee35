import { z } from "@hono/zod-openapi";
import { MAX_NAME_LENGTH, accountName, tokenName } from "../../people/people.js";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "../../people/passwords.js";
import { PERMISSIONS, ROLES } from "../../people/roles.js";
import { atMs } from "./basic-schema.js";
import { fromProtocol } from "./protocol-schema.js";

export const roleBody = z.enum(ROLES).openapi("Role");
const name = fromProtocol(accountName);
const permissions = z.array(z.enum(PERMISSIONS)).readonly();
/** Checked against the kept one, whatever its length was then. */
const presentPassword = z.string().min(1).max(MAX_PASSWORD_LENGTH);
const newPassword = z.string().min(MIN_PASSWORD_LENGTH).max(MAX_PASSWORD_LENGTH);

export const signInRequest = z.object({ name, password: presentPassword }).openapi("SignIn");
export const passwordRequest = z.object({ password: presentPassword, newPassword }).openapi("PasswordChange");

export const callerBody = z
  .object({
    kind: z.enum(["anonymous", "device", "person", "token", "machine"]),
    name: z.string().nullable().describe("null for nobody who is known"),
    role: roleBody.nullable(),
    permissions,
  })
  .openapi("Caller");

export const accountParams = z.object({ name });
export const accountBody = z
  .object({ name: z.string(), role: roleBody, createdAtMs: atMs, disabledAtMs: atMs.nullable() })
  .openapi("Account");
export const accountList = z.object({ accounts: z.array(accountBody) });
export const accountChange = z
  .object({ role: roleBody.optional(), disabled: z.boolean().optional() })
  .refine((change) => change.role !== undefined || change.disabled !== undefined, "give role or disabled")
  .openapi("AccountChange");

export const invitationRequest = z
  .object({ role: roleBody, name: name.optional() })
  .openapi("InvitationRequest");
export const invitationBody = z
  .object({
    code: z.string().describe("shown this once"),
    url: z.string().describe("the page on which it is accepted"),
    role: roleBody,
    name: z.string().nullable(),
    expiresAtMs: atMs,
  })
  .openapi("Invitation");
export const acceptRequest = z
  .object({ code: z.string().regex(/^[A-Za-z0-9_-]{43}$/), name, password: newPassword })
  .openapi("InvitationAcceptance");

export const passwordResetBody = z
  .object({
    code: z.string().describe("shown this once"),
    url: z.string().describe("the page on which the new password is set"),
    account: z.string(),
    expiresAtMs: atMs,
  })
  .openapi("PasswordReset");
export const newPasswordRequest = z
  .object({ code: z.string().regex(/^[A-Za-z0-9_-]{43}$/), password: newPassword })
  .openapi("NewPassword");

const YEAR_MS = 365 * 24 * 3_600_000;

export const tokenParams = z.object({ tokenId: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/) });
export const tokenRequest = z
  .object({
    name: fromProtocol(tokenName).describe(`tells tokens apart; at most ${MAX_NAME_LENGTH} characters`),
    role: roleBody,
    expiresInMs: z
      .number()
      .int()
      .min(60_000)
      .max(YEAR_MS)
      .nullable()
      .default(YEAR_MS / 4),
  })
  .openapi("ApiTokenRequest");
export const tokenBody = z
  .object({
    tokenId: z.string(),
    name: z.string(),
    role: roleBody,
    account: z.string().nullable().describe("null for one made with the machine's own token"),
    createdAtMs: atMs,
    expiresAtMs: atMs.nullable(),
    lastUsedAtMs: atMs.nullable(),
    revokedAtMs: atMs.nullable(),
  })
  .openapi("ApiToken");
export const newTokenBody = z
  .object({ token: tokenBody, secret: z.string().describe("what to send as Bearer; shown this once") })
  .openapi("NewApiToken");
export const tokenList = z.object({ tokens: z.array(tokenBody) });
