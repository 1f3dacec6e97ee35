import { FedgeError } from "@fedge/protocol";
import type { Caller } from "../people/caller.js";
import { rolesWith, type Permission } from "../people/roles.js";
import type { TaskConfig } from "../tasks/task-config.js";

/**
 * A task that brings its versions to devices by itself, to all of them at once or by rollouts that nobody approves, is for those
 * who may do so by hand. Throws ROLE_INSUFFICIENT.
 */
export function requireReleaseRight(
  { permissions }: Pick<Caller, "permissions">,
  { release, autopilot }: Pick<TaskConfig, "release" | "autopilot">,
): void {
  if (autopilot?.needsApproval === false && !permissions.includes("approve"))
    throw refused("whose rollouts nobody approves", "approve", "let them wait for approval");
  if (autopilot === undefined && release !== undefined && !permissions.includes("rollouts"))
    throw refused(
      "that releases versions by itself",
      "rollouts",
      "leave `release` out: its versions are candidates",
    );
}

function refused(what: string, permission: Permission, remedy: string): FedgeError {
  const roles = rolesWith(permission).join(" or ");
  return new FedgeError("ROLE_INSUFFICIENT", `a task ${what} is for ${roles}; ${remedy}`);
}
