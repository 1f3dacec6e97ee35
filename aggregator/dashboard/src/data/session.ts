import type { Permission } from "../../../src/http/access.js";

/** Who looks at this page, as the server sees it. */
export interface Session {
  /** Null for somebody who is not signed in, where anybody may read. */
  readonly name: string | null;
  readonly role: string | null;
  readonly permissions: readonly Permission[];
}

export type { Permission };

export const NOBODY: Session = { name: null, role: null, permissions: [] };

const ROLES_WITH: Readonly<Record<Permission, string>> = {
  tasks: "data scientist or admin",
  models: "data scientist or admin",
  devices: "operator or admin",
  rollouts: "data scientist, operator or admin",
  approve: "operator or admin",
  people: "admin",
  audit: "admin",
};

/** Why this person may not do what takes the permission; null when he may. */
export function refusalReason(session: Session, permission: Permission): string | null {
  if (session.permissions.includes(permission)) return null;
  const needed = `this takes the role ${ROLES_WITH[permission]}`;
  return session.name === null
    ? `Sign in first: ${needed}.`
    : `Your role (${(session.role ?? "none").replaceAll("-", " ")}) may not do this: ${needed}.`;
}
