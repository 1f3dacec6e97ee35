import { z } from "@hono/zod-openapi";
import { TASK_STATUSES, taskConfig } from "../../tasks/task-config.js";
import { atMs, count } from "./basic-schema.js";
import { fromProtocol } from "./protocol-schema.js";
import { liveRound } from "./round-schema.js";

export const taskConfigBody = fromProtocol(taskConfig, "TaskConfig");

export const taskView = z
  .object({
    config: taskConfigBody,
    status: z.enum(TASK_STATUSES),
    statusReason: z.string().nullable(),
    createdAtMs: atMs,
    endedAtMs: atMs.nullable(),
    numRounds: count,
    latestVersion: z.number().int().positive().nullable(),
    bestAccuracy: z.number().nullable(),
    liveRound: liveRound.nullable(),
  })
  .openapi("Task");
export type TaskBody = z.infer<typeof taskView>;

export const taskList = z.object({ tasks: z.array(taskView).readonly() }).openapi("TaskList");
