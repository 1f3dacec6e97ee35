import { FedgeError, type DeviceId } from "@fedge/protocol";
import type { Context } from "hono";
import type { HttpAppOptions } from "./ports.js";

/** What a person or a token may be allowed to change. */
export const PERMISSIONS = ["tasks", "models", "devices", "rollouts", "approve", "people", "audit"] as const;
export type Permission = (typeof PERMISSIONS)[number];

/**
 * Who may call a route. `public`: anybody. `read`: the administrator, or anybody when reads are open.
 * `bytes`: the administrator or an enrolled device. A permission: who has it.
 */
export type Access = "public" | "read" | "bytes" | Permission;

export type AccessOptions = Pick<HttpAppOptions, "identity" | "isAdminToken" | "allowOpenReads">;

const REMEDY =
  "send `Authorization: Bearer <admin token>`; the token is in the file admin-token of the state directory";

/**
 * Resolves when the request may use a route of this kind; gives the device when a device asked.
 * Throws TOKEN_INVALID without an acceptable token, TOKEN_EXPIRED for an old one.
 */
export async function requireAccess(
  context: Context,
  access: Access,
  options: AccessOptions,
): Promise<DeviceId | null> {
  if (access === "public") return null;
  const token = bearerToken(context);
  if (token !== null && options.isAdminToken(token)) return null;
  if (access === "read" && options.allowOpenReads) return null;
  if (token === null) throw new FedgeError("TOKEN_INVALID", `no token: ${REMEDY}`);
  if (access === "bytes") return options.identity.verifyToken(token);
  throw new FedgeError("TOKEN_INVALID", `not the admin token: ${REMEDY}`);
}

function bearerToken(context: Context): string | null {
  const header = context.req.header("Authorization");
  if (header === undefined) return null;
  return /^Bearer ([A-Za-z0-9._~+/-]{1,4096}=*)$/i.exec(header)?.[1] ?? null;
}
