import type { Command } from "commander";
import { overviewBody } from "../../http/schema/overview-schema.js";
import { taskList, taskView, type TaskBody } from "../../http/schema/task-schema.js";
import type { ServerClient } from "../server-client.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { addTaskFlags, type TaskFlags } from "../task/task-flags.js";
import { taskConfigOf } from "../task/task-of-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { NONE, percentText, timeText } from "../text.js";

const taskPath = (taskId: string): string => `/v1/tasks/${encodeURIComponent(taskId)}`;

/** `fedge task create|list|show|pause|resume|stop`. */
export function addTask(program: Command, terminal: Terminal): void {
  const task = program.command("task").description("create and steer training tasks");
  addTaskFlags(addServerFlags(task.command("create").description("create a task and start it"))).action(
    async (flags: ServerFlags & TaskFlags) => {
      const created = await createTask(clientOf(flags), flags);
      printResult(terminal, created, () => `task ${created.config.taskId} is ${created.status}`);
    },
  );
  addServerFlags(task.command("list").description("every task, newest first")).action(
    async (flags: ServerFlags) => {
      const { tasks } = await clientOf(flags).get("/v1/tasks", taskList);
      printResult(terminal, tasks, () => formatTable(COLUMNS, tasks));
    },
  );
  addServerFlags(task.command("show").description("one task"))
    .argument("<task>", "id of the task")
    .action(async (taskId: string, flags: ServerFlags) => {
      const view = await clientOf(flags).get(taskPath(taskId), taskView);
      printResult(terminal, view, () => taskText(view));
    });
  addAction(task, terminal, { name: "pause", description: "stop opening rounds; the open one ends" });
  addAction(task, terminal, { name: "resume", description: "open rounds again" });
  addAction(task, terminal, { name: "stop", description: "end the task for good" });
}

async function createTask(client: ServerClient, flags: TaskFlags): Promise<TaskBody> {
  const needsFleet = flags.fraction !== undefined && flags.file === undefined;
  const numEnrolled = needsFleet ? (await client.get("/v1/overview", overviewBody)).fleet.total : 0;
  return client.post("/v1/tasks", taskView, taskConfigOf(flags, { numEnrolled, nowMs: Date.now() }));
}

function addAction(
  task: Command,
  terminal: Terminal,
  action: { readonly name: string; readonly description: string },
): void {
  addServerFlags(task.command(action.name).description(action.description))
    .argument("<task>", "id of the task")
    .action(async (taskId: string, flags: ServerFlags) => {
      const view = await clientOf(flags).post(`${taskPath(taskId)}/${action.name}`, taskView);
      printResult(terminal, view, () => `task ${view.config.taskId} is ${view.status}`);
    });
}

const COLUMNS: readonly TableColumn<TaskBody>[] = [
  { title: "TASK", cell: (task) => task.config.taskId },
  { title: "MODEL", cell: (task) => task.config.model },
  { title: "STATUS", cell: (task) => task.status },
  { title: "ROUNDS", isNumber: true, cell: (task) => `${task.numRounds}/${task.config.maxRounds}` },
  { title: "VERSION", isNumber: true, cell: (task) => String(task.latestVersion ?? NONE) },
  { title: "BEST", isNumber: true, cell: (task) => percentText(task.bestAccuracy) },
  { title: "CREATED", cell: (task) => timeText(task.createdAtMs) },
];

function taskText(task: TaskBody): string {
  const { config, liveRound } = task;
  const { goalReports, minReports, overSelection, close } = config.round;
  const { epochs, batchSize, learningRate } = config.training;
  return formatFields([
    ["task", config.taskId],
    ["model", config.model],
    ["status", task.statusReason === null ? task.status : `${task.status} (${task.statusReason})`],
    ["rounds", `${task.numRounds} of ${config.maxRounds}`],
    ["version", String(task.latestVersion ?? NONE)],
    ["best accuracy", `${percentText(task.bestAccuracy)}${targetText(config.targetAccuracy)}`],
    ["round", liveRound === null ? NONE : liveText(liveRound)],
    [
      "policy",
      `${goalReports} reports (at least ${minReports}), over-selection ${overSelection}, closes at ${close}`,
    ],
    ["training", `${epochs} epochs, batches of ${batchSize}, learning rate ${learningRate}`],
    ["server", config.serverOptimizer.kind],
    ["update", `${config.update.encoding}, norm at most ${config.update.maxNorm}`],
    ["autopilot", autopilotText(config.autopilot)],
    ["created", timeText(task.createdAtMs)],
    ["ended", timeText(task.endedAtMs)],
  ]);
}

function autopilotText(autopilot: TaskBody["config"]["autopilot"]): string {
  if (autopilot === undefined) return "off";
  const { everyGoodRounds, evaluation, template, needsApproval } = autopilot;
  const approval = needsApproval ? "which waits for approval" : "which starts by itself";
  return `every ${everyGoodRounds} good rounds, by ${evaluation}, a rollout by ${template} ${approval}`;
}

function targetText(target: number | null): string {
  return target === null ? "" : ` of ${percentText(target)}`;
}

function liveText(round: NonNullable<TaskBody["liveRound"]>): string {
  const devices = `${round.numWaiting} waiting, ${round.numTraining} training, ${round.numUploading} uploading`;
  return `${round.number}, ${round.phase}: ${devices}, ${round.numCounted} of ${round.numSelected} counted`;
}
