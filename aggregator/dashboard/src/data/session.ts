import { rolesWith, type Permission } from "../../../src/people/roles.js";

/** Who looks at this page, as the server sees it. */
export interface Session {
  /** Null for somebody who is not signed in, where anybody may read. */
  readonly name: string | null;
  readonly role: string | null;
  readonly permissions: readonly Permission[];
}

export type { Permission };

export const NOBODY: Session = { name: null, role: null, permissions: [] };

/** Why this person may not do what takes the permission; null when he may. */
export function refusalReason(session: Session, permission: Permission): string | null {
  if (session.permissions.includes(permission)) return null;
  const roles = rolesWith(permission).map((role) => role.replaceAll("-", " "));
  const needed = `this takes the role ${roles.join(" or ")}`;
  return session.name === null
    ? `Sign in first: ${needed}.`
    : `Your role (${(session.role ?? "none").replaceAll("-", " ")}) may not do this: ${needed}.`;
}
