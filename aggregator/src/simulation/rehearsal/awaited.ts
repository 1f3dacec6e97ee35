import { FedgeError, type TaskId } from "@fedge/protocol";
import type { RolloutState } from "../../rollouts/rollout-view.js";
import type { AggregatorService, TaskView } from "../../service.js";

/** States of a rollout in which nothing more happens by itself. */
export const ENDED_ROLLOUTS: ReadonlySet<RolloutState> = new Set<RolloutState>([
  "completed",
  "denied",
  "aborted",
  "paused",
  "rolled-back",
  "rollback-incomplete",
]);

/** The task when it is over, undefined before. Throws INTERNAL when it did not complete. */
export async function completedTask(
  service: Pick<AggregatorService, "getTask">,
  taskId: TaskId,
): Promise<TaskView | undefined> {
  const task = await service.getTask(taskId);
  if (task.status === "running") return undefined;
  if (task.status === "completed") return task;
  const why = task.statusReason ?? "no reason given";
  throw new FedgeError("INTERNAL", `task ${taskId} is ${task.status}: ${why}`);
}
