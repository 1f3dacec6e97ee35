import { FedgeError, type ModelName, type TaskId } from "@fedge/protocol";
import type { TaskRecord } from "../../store/port.js";
import type { TaskConfig } from "../../tasks/task-config.js";
import type { AlertRecord } from "./alert-record.js";

export interface TrainingPorts {
  /** Newest first. */
  listTasks(): Promise<readonly TaskRecord[]>;
  /** Creates a task and starts it. Throws TASK_STATE_CONFLICT while another one trains the model. */
  create(config: TaskConfig): Promise<void>;
}

/** Makes a training task of what an alert proposes, once a person has confirmed it. */
export class ProposedTraining {
  constructor(private readonly ports: TrainingPorts) {}

  /**
   * Gives the task that trains now. Without a configuration the model is trained as it was the last time, under an id of the
   * alert's own: an aggregator that ended between the task and the decision finds its task again. Throws OPTION_INVALID for
   * a task of another model, and for a model that was never trained here.
   */
  async begin(
    alertId: string,
    { model }: Pick<NonNullable<AlertRecord["proposal"]>, "model">,
    given: TaskConfig | null,
  ): Promise<TaskId> {
    const tasks = await this.ports.listTasks();
    const config = given ?? lastWay(tasks, model, alertId);
    if (config.model !== model)
      throw new FedgeError(
        "OPTION_INVALID",
        `the alert proposes to train ${model}, the task is of ${config.model}; give a task of ${model}`,
      );
    const isBegun = given === null && tasks.some((task) => task.config.taskId === config.taskId);
    if (!isBegun) await this.ports.create(config);
    return config.taskId;
  }
}

function lastWay(tasks: readonly TaskRecord[], model: ModelName, alertId: string): TaskConfig {
  const last = tasks.find(({ config }) => config.model === model);
  if (last === undefined)
    throw new FedgeError(
      "OPTION_INVALID",
      `${model} was never trained here, so that nobody knows how; give a task, as \`fedge drift alerts confirm-training ${alertId} --file task.json\` does`,
    );
  const taskId = `retrain-${alertId}` as TaskId;
  const { release: _, autopilot, ...way } = last.config;
  // Who may train may not bring versions to devices: what comes of it is a candidate, or waits for an approval.
  const proposed = autopilot === undefined ? {} : { autopilot: { ...autopilot, needsApproval: true } };
  return { ...way, ...proposed, taskId, seed: taskId };
}
