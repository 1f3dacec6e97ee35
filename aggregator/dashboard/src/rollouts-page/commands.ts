import type { RolloutCommand } from "../../../src/rollouts/rollout-view.js";
import type { RolloutData } from "../data/api-types.js";
import { refusalReason, type Permission, type Session } from "../data/session.js";
import { stateText } from "./rollout-looks.js";

export type { RolloutCommand };

export interface CommandLook {
  readonly command: RolloutCommand;
  readonly label: string;
  readonly permission: Permission;
  /** States in which it means something; the server decides, this only spares a question. */
  readonly from: readonly RolloutData["state"][];
  readonly tone: "plain" | "main" | "danger";
}

export const COMMANDS: readonly CommandLook[] = [
  {
    command: "approve",
    label: "Approve",
    permission: "approve",
    from: ["waiting-approval"],
    tone: "main",
  },
  { command: "deny", label: "Deny", permission: "approve", from: ["waiting-approval"], tone: "danger" },
  {
    command: "start",
    label: "Start",
    permission: "rollouts",
    from: ["ready", "scheduled"],
    tone: "main",
  },
  { command: "pause", label: "Pause", permission: "rollouts", from: ["running"], tone: "plain" },
  { command: "resume", label: "Resume", permission: "rollouts", from: ["paused"], tone: "main" },
  {
    command: "promote",
    label: "Promote",
    permission: "rollouts",
    from: ["running", "paused"],
    tone: "plain",
  },
  {
    command: "retry-failed",
    label: "Retry failed",
    permission: "rollouts",
    from: ["running", "paused", "completed"],
    tone: "plain",
  },
  {
    command: "abort",
    label: "Abort",
    permission: "rollouts",
    from: ["scheduled", "running", "paused"],
    tone: "danger",
  },
  {
    command: "rollback",
    label: "Roll back",
    permission: "rollouts",
    from: ["running", "paused", "completed", "aborted", "rollback-incomplete"],
    tone: "danger",
  },
];

/** Why this person cannot give the command to the rollout as it is now; null when he can. */
export function commandRefusal(look: CommandLook, rollout: RolloutData, session: Session): string | null {
  const role = refusalReason(session, look.permission);
  if (role !== null) return role;
  if (!look.from.includes(rollout.state)) {
    const able = look.from.map((state) => stateText({ state, pauseReason: null })).join(" or ");
    return `${look.label} needs a rollout that is ${able}; this one is ${stateText({ ...rollout, pauseReason: null })}.`;
  }
  if (look.command === "approve" && rollout.createdBy === session.name) {
    return "You created this rollout; somebody else has to approve it.";
  }
  if (look.command === "rollback" && rollout.fallbackVersion === null) {
    return "There is no version to go back to: the fleet ran none before.";
  }
  if (look.command === "promote" && rollout.currentWave === null) return "No wave has begun yet.";
  return null;
}

const NOT_STARTED: ReadonlySet<RolloutData["state"]> = new Set([
  "draft",
  "waiting-approval",
  "denied",
  "ready",
  "scheduled",
]);
const OVER: ReadonlySet<RolloutData["state"]> = new Set([
  "aborted",
  "completed",
  "rolled-back",
  "rollback-incomplete",
]);

export function hasStarted({ state }: Pick<RolloutData, "state">): boolean {
  return !NOT_STARTED.has(state);
}

/** Why the rollout cannot be edited as it is now; null when it can. */
export function editRefusal(rollout: RolloutData): string | null {
  return hasStarted(rollout) ? "Only a rollout that has not started can be edited." : null;
}

/** Why the rollout cannot be deleted, or hidden after it has run; null when it can. */
export function deleteRefusal(rollout: RolloutData): string | null {
  return hasStarted(rollout) && !OVER.has(rollout.state)
    ? "Abort it or wait for its end before it is hidden."
    : null;
}
