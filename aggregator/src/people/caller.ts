import type { DeviceId } from "@fedge/protocol";
import { PERMISSIONS, ROLE_PERMISSIONS, type Permission, type Role } from "./roles.js";

/** Who makes a request. */
export interface Caller {
  /** `machine` holds the aggregator's own token, from its state directory. */
  readonly kind: "anonymous" | "device" | "person" | "token" | "machine";
  /**
   * Who answers for it, in the audit log and where one may not approve his own work: the account, also for the tokens
   * that it made; `admin-token` for the machine's token and those made with it; null for nobody known.
   */
  readonly name: string | null;
  readonly role: Role | null;
  readonly permissions: readonly Permission[];
  readonly device: DeviceId | null;
  /** Name of the API token, when one is used. */
  readonly token: string | null;
}

/** Name in the audit log of who holds the machine's own token. */
export const MACHINE_ACTOR = "admin-token";

export const ANONYMOUS: Caller = {
  kind: "anonymous",
  name: null,
  role: null,
  permissions: [],
  device: null,
  token: null,
};

export const MACHINE: Caller = {
  ...ANONYMOUS,
  kind: "machine",
  name: MACHINE_ACTOR,
  role: "admin",
  permissions: PERMISSIONS,
};

export function deviceCaller(device: DeviceId): Caller {
  return { ...ANONYMOUS, kind: "device", name: device, device };
}

export function personCaller(name: string, role: Role): Caller {
  return { ...ANONYMOUS, kind: "person", name, role, permissions: ROLE_PERMISSIONS[role] };
}

/**
 * A token never does more than its maker still may, and never lets people in: a stolen one would live on in the
 * accounts that it made.
 */
export function tokenCaller(token: {
  readonly name: string;
  readonly role: Role;
  /** Null when the machine's own token made it. */
  readonly account: { readonly name: string; readonly role: Role } | null;
}): Caller {
  const may = token.account === null ? PERMISSIONS : ROLE_PERMISSIONS[token.account.role];
  const permissions = ROLE_PERMISSIONS[token.role].filter(
    (permission) => permission !== "people" && may.includes(permission),
  );
  const name = token.account?.name ?? MACHINE_ACTOR;
  return { ...ANONYMOUS, kind: "token", name, role: token.role, permissions, token: token.name };
}
