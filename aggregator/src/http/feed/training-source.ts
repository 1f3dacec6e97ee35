import type { ModelName, TaskId } from "@fedge/protocol";
import type { StoredRound } from "../../rounds/journal.js";
import type { AggregatorService, ServiceEvent } from "../../service.js";
import type { FeedMessage } from "../schema/overview-schema.js";
import { HISTORY_ROWS, type FeedSource } from "./feed-source.js";

/** Tasks whose rounds a page gets when it opens, newest first. */
const HISTORY_TASKS = 5;

/** The overview, rounds and versions. Changes always begin with a fresh overview. */
export class TrainingSource implements FeedSource {
  private dirtyTasks = new Set<TaskId>();
  private dirtyModels = new Map<ModelName, Set<number>>();
  /** Rounds before this row are closed and were sent. */
  private readonly settledRows = new Map<TaskId, number>();

  constructor(private readonly service: AggregatorService) {}

  listen(onChange: () => void): () => void {
    return this.service.onEvent((event) => {
      this.note(event);
      onChange();
    });
  }

  async history(): Promise<FeedMessage[]> {
    const overview = await this.service.overview();
    const messages: FeedMessage[] = [{ event: "overview", data: overview }];
    for (const task of overview.tasks.slice(0, HISTORY_TASKS)) {
      const page = lastPage(task.numRounds);
      const rounds = await this.service.listRounds(task.config.taskId, page);
      this.dirtyTasks.add(task.config.taskId);
      if (!this.settledRows.has(task.config.taskId)) {
        this.settledRows.set(task.config.taskId, page.offset + numSettled(rounds));
      }
      messages.push({ event: "rounds", data: { taskId: task.config.taskId, rounds } });
    }
    for (const { model, latestVersion } of overview.models) {
      const versions = await this.service.listVersions(model, lastPage(latestVersion));
      messages.push({ event: "versions", data: { model, versions } });
    }
    return messages;
  }

  async changes(): Promise<FeedMessage[]> {
    const tasks = this.dirtyTasks;
    const models = this.dirtyModels;
    this.dirtyTasks = new Set();
    this.dirtyModels = new Map();
    const messages: FeedMessage[] = [{ event: "overview", data: await this.service.overview() }];
    for (const taskId of tasks) messages.push(await this.newRounds(taskId));
    for (const [model, numbers] of models) {
      const details = await Promise.all([...numbers].map((number) => this.service.getVersion(model, number)));
      messages.push({
        event: "versions",
        data: { model, versions: details.map((detail) => detail.version) },
      });
    }
    return messages;
  }

  private note(event: ServiceEvent): void {
    if (event.type === "task-changed" || event.type === "round-changed") this.dirtyTasks.add(event.taskId);
    if (event.type === "version-committed") this.noteVersion(event.model, event.version);
    if (event.type === "version-evaluated")
      this.noteVersion(event.evaluation.model, event.evaluation.version);
    if (event.type === "released") this.noteVersion(event.release.model, event.release.version);
  }

  private noteVersion(model: ModelName, version: number): void {
    const versions = this.dirtyModels.get(model) ?? new Set();
    this.dirtyModels.set(model, versions.add(version));
  }

  private async newRounds(taskId: TaskId): Promise<FeedMessage> {
    // The last closed round comes again: late reports still change its counts.
    const offset = Math.max(0, (this.settledRows.get(taskId) ?? 0) - 1);
    const rounds = await this.service.listRounds(taskId, { limit: HISTORY_ROWS, offset });
    this.settledRows.set(taskId, offset + numSettled(rounds));
    return { event: "rounds", data: { taskId, rounds } };
  }
}

function lastPage(numRows: number): { limit: number; offset: number } {
  return { limit: HISTORY_ROWS, offset: Math.max(0, numRows - HISTORY_ROWS) };
}

function numSettled(rounds: readonly StoredRound[]): number {
  const open = rounds.findIndex((round) => round.outcome === "open");
  return open === -1 ? rounds.length : open;
}
