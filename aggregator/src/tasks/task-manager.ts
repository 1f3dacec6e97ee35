import {
  FedgeError,
  type DeviceId,
  type ModelName,
  type RetryWindow,
  type RoundDown,
  type RoundUp,
  type TaskId,
} from "@fedge/protocol";
import { fractionBits } from "../aggregation/fixed-point.js";
import type { RoundMessages } from "../fleet/inbox.js";
import type { TaskRecord } from "../store/port.js";
import { foldBounds } from "./begin-fold.js";
import type { TaskPorts } from "./ports.js";
import type { TaskConfig, TaskStatus } from "./task-config.js";
import { loadVersion } from "./version-maker.js";
import type { TaskMembers } from "./task-members.js";
import { TaskRunner } from "./task-runner.js";

/** How long a device stays away when there is nothing to train. */
export interface IdleRetry {
  readonly noTask: RetryWindow;
}

/** All tasks of a tenant: starts, pauses and stops their runners, and hands each device's message to the right one. */
export class TaskManager implements RoundMessages {
  readonly #runners = new Map<TaskId, TaskRunner>();

  constructor(
    private readonly portsOf: (taskId: TaskId) => TaskPorts,
    private readonly shared: Pick<TaskPorts, "store" | "blobs" | "outbox" | "emit" | "nowMs">,
    private readonly options: { readonly retry: IdleRetry; readonly members: TaskMembers },
  ) {}

  /** Takes up every task that was running when the process ended. */
  async start(): Promise<void> {
    for (const task of await this.shared.store.listTasks()) {
      if (task.status !== "running") continue;
      // One task that cannot go on must not keep the others and the whole server down.
      await this.#run(task).catch((error: unknown) => this.#runners.get(task.config.taskId)?.failed(error));
    }
  }

  runnerOf(taskId: TaskId): TaskRunner | undefined {
    return this.#runners.get(taskId);
  }

  async create(config: TaskConfig): Promise<void> {
    await this.options.members.check(config);
    await this.#checkModel(config);
    const task = await this.shared.store.createTask(config, this.shared.nowMs());
    await this.#run(task);
  }

  async pause(taskId: TaskId): Promise<void> {
    await this.#require(taskId, ["running"], "paused");
    await this.#halt(taskId, "paused", "paused by an operator");
  }

  async resume(taskId: TaskId): Promise<void> {
    const task = await this.#require(taskId, ["paused"], "resumed");
    await this.#setStatus(taskId, "running", null);
    await this.#run(task);
  }

  async stop(taskId: TaskId): Promise<void> {
    await this.#require(taskId, ["running", "paused"], "stopped");
    await this.#halt(taskId, "stopped", "stopped by an operator");
  }

  async roundMessage(deviceId: DeviceId, message: RoundUp): Promise<void> {
    if (message.type === "check-in") return this.#checkIn(deviceId, message);
    for (const runner of this.#runners.values()) {
      if (message.type === "report" && runner.report(deviceId, message)) return;
      if (message.type === "abort" && runner.abort(deviceId, message)) return;
    }
    if (message.type === "report") await this.#answerForeignReport(deviceId, message);
  }

  block(deviceId: DeviceId, frame: Uint8Array): void {
    for (const runner of this.#runners.values())
      if (runner.hasMember(deviceId)) runner.block(deviceId, frame);
  }

  deviceLost(deviceId: DeviceId): void {
    for (const runner of this.#runners.values()) runner.deviceLost(deviceId);
  }

  deviceReturned(deviceId: DeviceId): void {
    for (const runner of this.#runners.values()) runner.deviceReturned(deviceId);
  }

  /** Resolves when no task does anything any more: what it needs may be closed then. */
  async close(): Promise<void> {
    const runners = [...this.#runners.values()];
    this.#runners.clear();
    await Promise.all(runners.map((runner) => runner.close()));
  }

  async #run(task: TaskRecord): Promise<void> {
    const { taskId } = task.config;
    const runner = new TaskRunner(task, this.portsOf(taskId), async (status, reason) => {
      this.#runners.delete(taskId);
      await this.#setStatus(taskId, status, reason);
    });
    this.#runners.set(taskId, runner);
    this.shared.emit({ type: "task-changed", taskId });
    await runner.start();
  }

  async #checkModel(config: TaskConfig): Promise<void> {
    const { model, training } = config;
    const latest = await this.shared.store.latestVersion(model);
    if (latest === undefined) {
      throw new FedgeError(
        "MODEL_UNKNOWN",
        `there is no model "${model}"; import one with \`fedge model import\``,
      );
    }
    const { manifest } = await loadVersion(this.shared.blobs, latest);
    if (manifest.graphs.train === undefined) {
      throw new FedgeError("OPTION_INVALID", `model "${model}" has no train graph; import it with a loss`);
    }
    // Bounds that leave the sum too few bits are refused before there is a task.
    fractionBits(foldBounds(config, manifest));
    if (training.proximalMu > 0 && !manifest.proximal) {
      throw new FedgeError(
        "OPTION_INVALID",
        `model "${model}" has no FedProx term; import it with --proximal`,
      );
    }
  }

  async #halt(taskId: TaskId, status: TaskStatus, reason: string): Promise<void> {
    const runner = this.#runners.get(taskId);
    this.#runners.delete(taskId);
    await runner?.stop();
    await this.#setStatus(taskId, status, reason);
  }

  async #setStatus(taskId: TaskId, status: TaskStatus, reason: string | null): Promise<void> {
    await this.shared.store.setTaskStatus(taskId, { status, reason, atMs: this.shared.nowMs() });
    this.shared.emit({ type: "task-changed", taskId });
  }

  async #require(taskId: TaskId, statuses: readonly TaskStatus[], verb: string): Promise<TaskRecord> {
    const task = await this.shared.store.getTask(taskId);
    if (task === undefined)
      throw new FedgeError("TASK_UNKNOWN", `there is no task "${taskId}"; see \`fedge task list\``);
    if (!statuses.includes(task.status)) {
      throw new FedgeError("TASK_STATE_CONFLICT", `task "${taskId}" is ${task.status} and cannot be ${verb}`);
    }
    return task;
  }

  /** A member of an open round first; then the first task that means the device and whose model it has examples of. */
  async #checkIn(deviceId: DeviceId, message: Extract<RoundUp, { type: "check-in" }>): Promise<void> {
    const runner = await this.#runnerFor(deviceId, new Set(message.models.map(({ model }) => model)));
    if (runner !== undefined) return runner.checkIn(deviceId, message);
    const retryAfter = this.options.retry.noTask;
    this.shared.outbox.send(deviceId, { type: "rejected", reason: "no-task", retryAfter });
  }

  async #runnerFor(deviceId: DeviceId, models: ReadonlySet<ModelName>): Promise<TaskRunner | undefined> {
    const runners = [...this.#runners.values()];
    const member = runners.find((one) => one.hasMember(deviceId));
    if (member !== undefined) return member;
    for (const one of runners.filter(({ config }) => models.has(config.model)))
      if (await this.#isMeant(one, deviceId)) return one;
    return undefined;
  }

  /** While the device was looked up, the task may have ended. */
  async #isMeant(runner: TaskRunner, deviceId: DeviceId): Promise<boolean> {
    const isMember = await this.options.members.isMember(runner.config, deviceId);
    return isMember && this.#runners.get(runner.config.taskId) === runner;
  }

  /** A report for a round that is over or never was gets an answer, so that the device does not wait for one. */
  async #answerForeignReport(
    deviceId: DeviceId,
    message: Extract<RoundUp, { type: "report" }>,
  ): Promise<void> {
    const { roundId, attempt } = message;
    const retryAfter =
      this.#runners.get(message.taskId)?.config.round.retryAfterRound ?? this.options.retry.noTask;
    const answer = answerAfterwards(await this.shared.store.getRound(roundId), deviceId, message);
    this.shared.outbox.send(deviceId, { type: "receipt", roundId, attempt, ...answer, retryAfter });
  }
}

type StoredRound = NonNullable<Awaited<ReturnType<TaskPorts["store"]["getRound"]>>>;
type Answer = Pick<Extract<RoundDown, { type: "receipt" }>, "outcome" | "code">;

/** The receipt is said again for the update that was counted, and for no other. */
function answerAfterwards(
  known: StoredRound | undefined,
  deviceId: DeviceId,
  { update }: Extract<RoundUp, { type: "report" }>,
): Answer {
  if (known === undefined) return { outcome: "refused", code: "ROUND_UNKNOWN" };
  const counted = known.events
    .flatMap((event) => (event.type === "updates-counted" ? event.updates : []))
    .find((candidate) => candidate.deviceId === deviceId);
  if (counted?.sha256 === update.sha256) return { outcome: "counted" };
  if (counted !== undefined) return { outcome: "refused", code: "UPDATE_DUPLICATE" };
  const isAbandoned = known.round.outcome === "abandoned";
  return { outcome: "refused", code: isAbandoned ? "ROUND_ABANDONED" : "ROUND_CLOSED" };
}
