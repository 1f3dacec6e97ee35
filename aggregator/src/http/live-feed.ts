import type { ModelName, TaskId } from "@fedge/protocol";
import type { Clock } from "../clock/clock.js";
import type { AggregatorService, ServiceEvent } from "../service.js";
import type { StoredRound } from "../rounds/journal.js";
import type { HttpLog } from "./ports.js";
import type { FeedMessage } from "./schema/overview-schema.js";

export type FeedSink = (message: FeedMessage) => void;

export interface LiveFeedOptions {
  readonly service: AggregatorService;
  readonly clock: Clock;
  readonly log: HttpLog;
}

/** Shortest time between two readings of the service, however many events arrive. */
export const MIN_INTERVAL_MS = 200;
export const HEARTBEAT_MS = 10_000;
/** Rows of history that a page gets when it opens. */
export const HISTORY_ROWS = 300;
/** Tasks whose rounds a page gets when it opens, newest first. */
const HISTORY_TASKS = 5;

/**
 * Turns service events into a stream of what changed, at most five times a second, read once for all pages.
 *
 * Invariants: without a subscriber nothing is read; a change that happens while a reading is under way causes
 * another one; every reading starts with a fresh overview. `close` ends the timers.
 */
export class LiveFeed {
  private readonly sinks = new Set<FeedSink>();
  private dirtyTasks = new Set<TaskId>();
  private dirtyModels = new Map<ModelName, Set<number>>();
  /** Rounds before this row are closed and were sent. */
  private readonly settledRows = new Map<TaskId, number>();
  private isScheduled = false;
  private isReading = false;
  private isDirty = false;
  private lastReadAtMs = Number.NEGATIVE_INFINITY;
  private readonly stopListening: () => void;
  private cancelRead: (() => void) | null = null;
  private stopHeartbeat: (() => void) | null = null;

  constructor(private readonly options: LiveFeedOptions) {
    this.stopListening = options.service.onEvent((event) => this.note(event));
  }

  /** Sends the history, then every change. The returned function unsubscribes and is idempotent. */
  async subscribe(sink: FeedSink): Promise<() => void> {
    for (const message of await this.history()) sink(message);
    this.sinks.add(sink);
    this.beat();
    // What changed while the history was read would otherwise be missing until the next event.
    this.schedule();
    return () => {
      this.sinks.delete(sink);
      if (this.sinks.size === 0) this.endHeartbeat();
    };
  }

  close(): void {
    this.stopListening();
    this.cancelRead?.();
    this.endHeartbeat();
    this.sinks.clear();
  }

  private note(event: ServiceEvent): void {
    if (event.type === "task-changed" || event.type === "round-changed") this.dirtyTasks.add(event.taskId);
    if (event.type === "version-committed") this.noteVersion(event.model, event.version);
    if (event.type === "version-evaluated")
      this.noteVersion(event.evaluation.model, event.evaluation.version);
    if (event.type === "released") this.noteVersion(event.release.model, event.release.version);
    this.schedule();
  }

  private noteVersion(model: ModelName, version: number): void {
    const versions = this.dirtyModels.get(model) ?? new Set();
    this.dirtyModels.set(model, versions.add(version));
  }

  private schedule(): void {
    this.isDirty = true;
    if (this.sinks.size === 0 || this.isScheduled || this.isReading) return;
    this.isScheduled = true;
    const sinceMs = this.options.clock.nowMs() - this.lastReadAtMs;
    const delayMs = Math.min(MIN_INTERVAL_MS, Math.max(0, MIN_INTERVAL_MS - sinceMs));
    this.cancelRead = this.options.clock.after(delayMs, () => void this.read());
  }

  private async read(): Promise<void> {
    this.isScheduled = false;
    this.isReading = true;
    this.isDirty = false;
    this.lastReadAtMs = this.options.clock.nowMs();
    try {
      for (const message of await this.changes()) this.send(message);
    } catch (error) {
      this.options.log.error({ err: error }, "cannot read what a live page should show");
    }
    this.isReading = false;
    if (this.isDirty) this.schedule();
  }

  private send(message: FeedMessage): void {
    for (const sink of this.sinks) sink(message);
  }

  private async changes(): Promise<FeedMessage[]> {
    const { service } = this.options;
    const tasks = this.dirtyTasks;
    const models = this.dirtyModels;
    this.dirtyTasks = new Set();
    this.dirtyModels = new Map();
    const messages: FeedMessage[] = [{ event: "overview", data: await service.overview() }];
    for (const taskId of tasks) messages.push(await this.newRounds(taskId));
    for (const [model, numbers] of models) {
      const details = await Promise.all([...numbers].map((number) => service.getVersion(model, number)));
      messages.push({
        event: "versions",
        data: { model, versions: details.map((detail) => detail.version) },
      });
    }
    return messages;
  }

  private async newRounds(taskId: TaskId): Promise<FeedMessage> {
    // The last closed round comes again: late reports still change its counts.
    const offset = Math.max(0, (this.settledRows.get(taskId) ?? 0) - 1);
    const rounds = await this.options.service.listRounds(taskId, { limit: HISTORY_ROWS, offset });
    this.settledRows.set(taskId, offset + numSettled(rounds));
    return { event: "rounds", data: { taskId, rounds } };
  }

  private async history(): Promise<FeedMessage[]> {
    const { service } = this.options;
    const overview = await service.overview();
    const messages: FeedMessage[] = [{ event: "overview", data: overview }];
    for (const task of overview.tasks.slice(0, HISTORY_TASKS)) {
      const page = lastPage(task.numRounds);
      const rounds = await service.listRounds(task.config.taskId, page);
      this.dirtyTasks.add(task.config.taskId);
      if (!this.settledRows.has(task.config.taskId)) {
        this.settledRows.set(task.config.taskId, page.offset + numSettled(rounds));
      }
      messages.push({ event: "rounds", data: { taskId: task.config.taskId, rounds } });
    }
    for (const { model, latestVersion } of overview.models) {
      const versions = await service.listVersions(model, lastPage(latestVersion));
      messages.push({ event: "versions", data: { model, versions } });
    }
    return messages;
  }

  private beat(): void {
    this.stopHeartbeat ??= this.options.clock.after(HEARTBEAT_MS, () => {
      this.stopHeartbeat = null;
      this.send({ event: "heartbeat", data: { atMs: this.options.clock.nowMs() } });
      if (this.sinks.size > 0) this.beat();
    });
  }

  private endHeartbeat(): void {
    this.stopHeartbeat?.();
    this.stopHeartbeat = null;
  }
}

function lastPage(numRows: number): { limit: number; offset: number } {
  return { limit: HISTORY_ROWS, offset: Math.max(0, numRows - HISTORY_ROWS) };
}

function numSettled(rounds: readonly StoredRound[]): number {
  const open = rounds.findIndex((round) => round.outcome === "open");
  return open === -1 ? rounds.length : open;
}
