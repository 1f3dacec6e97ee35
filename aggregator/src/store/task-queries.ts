import { FedgeError, type TaskId } from "@fedge/protocol";
import { desc, eq } from "drizzle-orm";
import type { TaskConfig, TaskStatus } from "../tasks/task-config.js";
import type { Database } from "./database.js";
import { asStoreOperation, type ConstraintErrors } from "./database-errors.js";
import type { ControlStore } from "./port.js";
import { taskOf } from "./row-codec.js";
import { tasks } from "./schema.js";

type TaskQueries = Pick<ControlStore, "createTask" | "getTask" | "listTasks" | "setTaskStatus">;

const ENDED: ReadonlySet<TaskStatus> = new Set(["completed", "stopped", "failed"]);

export function taskQueries(database: Database): TaskQueries {
  return {
    createTask: (config, createdAtMs) => createTask(database, config, createdAtMs),
    getTask: (taskId) =>
      asStoreOperation("read a task", {}, async () => {
        const [row] = await database.select().from(tasks).where(eq(tasks.taskId, taskId));
        return row === undefined ? undefined : taskOf(row);
      }),
    listTasks: () =>
      asStoreOperation("list tasks", {}, async () =>
        (await database.select().from(tasks).orderBy(desc(tasks.position))).map(taskOf),
      ),
    setTaskStatus: (taskId, change) => setTaskStatus(database, taskId, change),
  };
}

async function createTask(database: Database, config: TaskConfig, createdAtMs: number) {
  const { taskId, model } = config;
  const row = { taskId, model, config, status: "running" satisfies TaskStatus, createdAtMs };
  const conflicts = {
    ...anotherActive(`model ${model}`),
    tasks_pkey: () => conflict(`task ${taskId} exists; choose another id`),
  };
  return asStoreOperation("create a task", conflicts, async () => {
    const [made] = await database.insert(tasks).values(row).returning();
    if (made === undefined) throw new FedgeError("INTERNAL", "the database gave no row for a new task");
    return taskOf(made);
  });
}

async function setTaskStatus(
  database: Database,
  taskId: TaskId,
  change: { readonly status: TaskStatus; readonly reason: string | null; readonly atMs: number },
): Promise<void> {
  const endedAtMs = ENDED.has(change.status) ? change.atMs : null;
  await asStoreOperation("change a task", anotherActive(`the model of task ${taskId}`), async () => {
    const changed = await database
      .update(tasks)
      .set({ status: change.status, statusReason: change.reason, endedAtMs })
      .where(eq(tasks.taskId, taskId))
      .returning({ taskId: tasks.taskId });
    if (changed.length === 0) throw unknownTask(taskId);
  });
}

function anotherActive(whose: string): ConstraintErrors {
  return {
    tasks_one_active_per_model: () =>
      conflict(`another task of ${whose} is running or paused; stop it first`),
  };
}

export function unknownTask(taskId: TaskId): FedgeError {
  return new FedgeError("TASK_UNKNOWN", `there is no task ${taskId}; list the tasks to see their ids`);
}

function conflict(message: string): FedgeError {
  return new FedgeError("TASK_STATE_CONFLICT", message);
}
