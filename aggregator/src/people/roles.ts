import { FedgeError } from "@fedge/protocol";

/** What a person or a token may be allowed to change. `propose` makes and edits rollouts, `rollouts` steers them. */
export const PERMISSIONS = [
  "tasks",
  "models",
  "devices",
  "propose",
  "rollouts",
  "approve",
  "people",
  "audit",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const ROLES = ["viewer", "data-scientist", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/**
 * The one table of who may do what. Every role reads everything but accounts, other people's tokens and the audit log.
 * `approve` lets somebody approve what another one made, never what he made himself.
 */
export const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: [],
  "data-scientist": ["tasks", "models", "propose"],
  operator: ["devices", "propose", "rollouts", "approve"],
  admin: PERMISSIONS,
};

/** Roles that have the permission, in the order of the table. */
export function rolesWith(permission: Permission): Role[] {
  return ROLES.filter((role) => ROLE_PERMISSIONS[role].includes(permission));
}

/** True when everything that `inner` may do, `outer` may do too. */
export function isWithin(inner: Role, outer: Role): boolean {
  return ROLE_PERMISSIONS[inner].every((permission) => ROLE_PERMISSIONS[outer].includes(permission));
}

/** Throws ROLE_INSUFFICIENT when somebody with the role `giver` would give away more than he may do himself. */
export function assertMayGive(giver: Role | null, given: Role): void {
  if (giver !== null && isWithin(given, giver)) return;
  throw new FedgeError(
    "ROLE_INSUFFICIENT",
    `the role ${given} may do more than ${giver ?? "no role"}; choose a role within your own`,
  );
}
