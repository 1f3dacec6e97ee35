import { FedgeError, errorCodeOf, type TaskId } from "@fedge/protocol";
import type { RolloutConfig, RolloutId } from "../../rollouts/rollout-config.js";
import type { People, Person } from "./people.js";
import { TASK } from "./rehearsal-plan.js";

/** The rollout that the auto-pilot proposes a version with. */
export function proposalOf(version: number, task: TaskId = TASK): RolloutId {
  return `${task}-v${version}` as RolloutId;
}

/**
 * The scientist refines what was proposed and may not approve it; the operator approves and starts it. Throws INTERNAL
 * when whoever made the plan could approve it.
 */
export async function approveAndStart(
  { scientist, operator }: People,
  plan: RolloutConfig,
  tell: (line: string) => void,
): Promise<void> {
  const path = `/v1/rollouts/${plan.rolloutId}`;
  await scientist.send("PUT", path, plan);
  await mustNotApprove(scientist, path);
  tell(
    `${scientist.name} refined ${plan.rolloutId} and may not approve it; ${operator.name} looked at it and did`,
  );
  await operator.send("POST", `${path}/approve`, { reason: "looked at its card and its evaluations" });
  await operator.send("POST", `${path}/start`, { reason: "tonight" });
}

async function mustNotApprove(person: Person, path: string): Promise<void> {
  try {
    await person.send("POST", `${path}/approve`, { reason: "it is mine" });
  } catch (error) {
    if (errorCodeOf(error) === "ROLE_INSUFFICIENT") return;
    throw error;
  }
  throw new FedgeError("INTERNAL", `${person.name} could approve a rollout without the role for it`);
}
