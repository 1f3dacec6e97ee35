import type { TaskId } from "@fedge/protocol";
import type { AggregatorService, TaskView } from "../../service.js";
import { requireReleaseRight } from "../release-right.js";
import { jsonRoute, type RouteHost } from "../route.js";
import { pageQuery, roundParams, taskParams } from "../schema/basic-schema.js";
import { roundDetail, roundList } from "../schema/round-schema.js";
import { taskConfigBody, taskList, taskView } from "../schema/task-schema.js";

/** `/v1/tasks` and `/v1/rounds`: what trains, and how each round went. */
export function addTaskRoutes(host: RouteHost, service: AggregatorService): void {
  addCreate(host, service);
  jsonRoute(host, {
    method: "get",
    path: "/v1/tasks",
    tag: "tasks",
    summary: "Every task, newest first",
    access: "read",
    result: taskList,
    handle: async () => ({ tasks: await service.listTasks() }),
  });
  jsonRoute(host, {
    method: "get",
    path: "/v1/tasks/{taskId}",
    tag: "tasks",
    summary: "One task",
    access: "read",
    params: taskParams,
    result: taskView,
    handle: ({ params }) => service.getTask(params.taskId),
  });
  addTaskActions(host, service);
  addRoundRoutes(host, service);
}

function addCreate(host: RouteHost, service: AggregatorService): void {
  jsonRoute(host, {
    method: "post",
    path: "/v1/tasks",
    tag: "tasks",
    summary: "Create a task and start it",
    access: "tasks",
    body: taskConfigBody,
    result: taskView,
    status: 201,
    audit: ({ body }) => ({
      action: "task.create",
      subject: body.taskId,
      details: { model: body.model, maxRounds: body.maxRounds },
    }),
    handle: async ({ body, caller }) => {
      requireReleaseRight(caller, body);
      return service.createTask(body);
    },
  });
}

function addTaskActions(host: RouteHost, service: AggregatorService): void {
  addTaskAction(host, "pause", "Stop opening rounds; the open one ends", (id) => service.pauseTask(id));
  addTaskAction(host, "resume", "Open rounds again", (id) => service.resumeTask(id));
  addTaskAction(host, "stop", "End the task for good", (id) => service.stopTask(id));
}

function addTaskAction(
  host: RouteHost,
  action: string,
  summary: string,
  run: (taskId: TaskId) => Promise<TaskView>,
): void {
  jsonRoute(host, {
    method: "post",
    path: `/v1/tasks/{taskId}/${action}`,
    tag: "tasks",
    summary,
    access: "tasks",
    params: taskParams,
    result: taskView,
    audit: ({ params }) => ({ action: `task.${action}`, subject: params.taskId }),
    handle: ({ params }) => run(params.taskId),
  });
}

function addRoundRoutes(host: RouteHost, service: AggregatorService): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/tasks/{taskId}/rounds",
    tag: "rounds",
    summary: "Rounds of a task, oldest first",
    access: "read",
    params: taskParams,
    query: pageQuery,
    result: roundList,
    handle: async ({ params, query }) => ({ rounds: await service.listRounds(params.taskId, query) }),
  });
  jsonRoute(host, {
    method: "get",
    path: "/v1/rounds/{roundId}",
    tag: "rounds",
    summary: "One round with everything that it remembers",
    access: "read",
    params: roundParams,
    result: roundDetail,
    handle: ({ params }) => service.getRound(params.roundId),
  });
}
