import { FedgeError } from "@fedge/protocol";
import * as z from "zod/mini";
import { MACHINE_ACTOR } from "./caller.js";
import { ROLES, type Role } from "./roles.js";

/** Names that mean something else in the audit log. */
const RESERVED: ReadonlySet<string> = new Set([MACHINE_ACTOR, "system", "anonymous"]);

export const MAX_NAME_LENGTH = 64;

/** 1 to 64 lower-case letters, digits and `.-_`, beginning with a letter or a digit; no address is needed. */
export const accountName = z.string().check(
  z.maxLength(MAX_NAME_LENGTH),
  z.regex(/^[a-z0-9][a-z0-9._-]*$/),
  z.refine((name) => !RESERVED.has(name)),
);

/** Lets people tell their tokens apart. */
export const tokenName = z
  .string()
  .check(z.maxLength(MAX_NAME_LENGTH), z.regex(/^[A-Za-z0-9][A-Za-z0-9._ -]*$/));

export const role = z.enum(ROLES);

export interface Account {
  readonly name: string;
  readonly role: Role;
  readonly createdAtMs: number;
  /** Null while the person may sign in. */
  readonly disabledAtMs: number | null;
}

export interface Session {
  readonly account: Account;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number;
}

export interface ApiToken {
  readonly tokenId: string;
  readonly name: string;
  readonly role: Role;
  /** Who made it; null for the holder of the machine's own token. */
  readonly account: string | null;
  readonly createdAtMs: number;
  /** Null for one that does not expire. */
  readonly expiresAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  readonly revokedAtMs: number | null;
}

export interface Invitation {
  readonly role: Role;
  /** The account that it makes; null when the one who accepts it chooses. */
  readonly name: string | null;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/** Lets one person set a new password without the present one. */
export interface PasswordReset {
  readonly account: string;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

export function unknownAccount(name: string): FedgeError {
  return new FedgeError(
    "ACCOUNT_UNKNOWN",
    `there is no account ${name}; \`fedge account list\` shows those there are`,
  );
}

export function accountExists(name: string): FedgeError {
  return new FedgeError("ACCOUNT_EXISTS", `there is an account ${name} already; choose another name`);
}

export function invitationInvalid(): FedgeError {
  return new FedgeError(
    "INVITATION_INVALID",
    "this invitation was used, replaced or is too old; ask an administrator for a new one with `fedge account invite`, or restart the server when nobody has an account yet",
  );
}

export function passwordLinkInvalid(): FedgeError {
  return new FedgeError(
    "PASSWORD_LINK_INVALID",
    "this link was used, replaced or is too old, or its account is disabled; ask an administrator for a new one (`fedge account reset`)",
  );
}
