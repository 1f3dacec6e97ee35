import { FedgeError } from "@fedge/protocol";
import type { Context } from "hono";
import { ANONYMOUS, MACHINE, deviceCaller, type Caller } from "../people/caller.js";
import { rolesWith, type Permission } from "../people/roles.js";
import { API_TOKEN_PREFIX } from "../people/secrets.js";
import type { HttpAppOptions } from "./ports.js";
import { sessionCookie } from "./session-cookie.js";
import { assertOwnPage } from "./site-guard.js";

export { PERMISSIONS, type Permission } from "../people/roles.js";

/**
 * Who may call a route. `public`: anybody. `read`: everybody who is signed in, or anybody when reads are open.
 * `bytes`: everybody who is signed in, and enrolled devices. `signed-in`: who is signed in. A permission: who has it.
 */
export type Access = "public" | "read" | "bytes" | "signed-in" | Permission;

export type AccessOptions = Pick<HttpAppOptions, "identity" | "isAdminToken" | "allowOpenReads" | "people">;

const REMEDY =
  "sign in, or send `Authorization: Bearer <token>` with an API token or the one in the file admin-token of the state directory";

/**
 * Who asks, when he may use a route of this kind.
 *
 * Throws TOKEN_INVALID for nobody we know, TOKEN_EXPIRED and SESSION_EXPIRED for somebody we knew, ROLE_INSUFFICIENT
 * for somebody who may not, ACCESS_DENIED when another page's script acts in his session.
 */
export async function requireAccess(
  context: Context,
  access: Access,
  options: AccessOptions,
): Promise<Caller> {
  if (access === "public") return ANONYMOUS;
  const isOpen = access === "read" && options.allowOpenReads;
  const caller = isOpen ? await identifyOrNobody(context, options) : await identify(context, access, options);
  assertMay(caller, access, isOpen);
  return caller;
}

/** Where anybody may read, an old token does not make somebody less than nobody. */
async function identifyOrNobody(context: Context, options: AccessOptions): Promise<Caller> {
  try {
    return await identify(context, "read", options);
  } catch (error) {
    if (error instanceof FedgeError && UNKNOWN_CALLER.has(error.code)) return ANONYMOUS;
    throw error;
  }
}

const UNKNOWN_CALLER: ReadonlySet<string> = new Set(["TOKEN_INVALID", "TOKEN_EXPIRED", "SESSION_EXPIRED"]);

/** A token says more plainly than a cookie, which the browser sends by itself, who is meant. */
async function identify(context: Context, access: Access, options: AccessOptions): Promise<Caller> {
  const token = bearerToken(context);
  if (token !== null) {
    if (options.isAdminToken(token)) return MACHINE;
    if (token.startsWith(API_TOKEN_PREFIX)) return options.people.tokens.callerOf(token);
    if (access === "bytes") return deviceCaller(await options.identity.verifyToken(token));
    throw new FedgeError("TOKEN_INVALID", `not a token for this: ${REMEDY}`);
  }
  const secret = sessionCookie(context);
  if (secret === null) return ANONYMOUS;
  const caller = await options.people.sessions.callerOf(secret);
  assertOwnPage(context);
  return caller;
}

function assertMay(caller: Caller, access: Exclude<Access, "public">, isOpen: boolean): void {
  if (isOpen) return;
  if (caller.kind === "anonymous") throw new FedgeError("TOKEN_INVALID", `you are not signed in: ${REMEDY}`);
  if (access === "read" || access === "bytes" || access === "signed-in") return;
  if (caller.permissions.includes(access)) return;
  throw insufficient(caller, access);
}

function insufficient({ kind, role, token }: Caller, permission: Permission): FedgeError {
  const roles = rolesWith(permission);
  const details = { permission, roles };
  if (kind === "token" && permission === "people") {
    const message = "a token does not let people in; sign in, or use the machine's own token";
    return new FedgeError("ROLE_INSUFFICIENT", message, { details });
  }
  const what = token === null ? `the role ${role ?? "of nobody"}` : `the token ${token}`;
  const message = `${what} may not do this; it takes the role ${roles.join(" or ")}`;
  return new FedgeError("ROLE_INSUFFICIENT", message, { details });
}

function bearerToken(context: Context): string | null {
  const header = context.req.header("Authorization");
  if (header === undefined) return null;
  return /^Bearer ([A-Za-z0-9._~+/-]{1,4096}=*)$/i.exec(header)?.[1] ?? null;
}
