import type { AggregatorService } from "../../service.js";
import { decodeTaskConfig, type TaskConfig } from "../../tasks/task-config.js";
import { SAMPLE_SEED, type Sample, type SamplePace } from "./sample.js";

export interface SampleTasksParts {
  readonly service: AggregatorService;
  readonly nowMs: () => number;
  /** Told when the next task cannot begin. */
  readonly onError: (error: unknown) => void;
}

/** The tasks of a sample: one that learns what there is, then one that goes on for whoever joins later. */
export class SampleTasks {
  private stopListening: () => void = () => undefined;
  private work: Promise<void> = Promise.resolve();

  constructor(
    private readonly sample: Sample,
    private readonly parts: SampleTasksParts,
  ) {}

  /** Creates the task that is due, unless one of an earlier start goes on, and from now on the one after it. */
  async begin(): Promise<void> {
    await this.ensureTask();
    this.stopListening = this.parts.service.onEvent(({ type }) => {
      if (type === "task-changed") this.work = this.work.then(() => this.goOn()).catch(this.parts.onError);
    });
  }

  async close(): Promise<void> {
    this.stopListening();
    await this.work;
  }

  /** A task that a person stopped stays so. */
  private async goOn(): Promise<void> {
    const [newest] = await this.ownTasks();
    if (this.sample.afterwards !== null && newest?.status === "completed") await this.ensureTask();
  }

  private async ensureTask(): Promise<void> {
    const own = await this.ownTasks();
    if (own.some(({ status }) => status === "running" || status === "paused")) return;
    const pace = own.length === 0 ? this.sample : (this.sample.afterwards ?? this.sample);
    await this.parts.service.createTask(sampleTaskConfig(this.sample, pace, this.parts.nowMs()));
  }

  private async ownTasks() {
    const tasks = await this.parts.service.listTasks();
    return tasks.filter(({ config }) => config.model === this.sample.model);
  }
}

/** Rounds of half the fleet with a pause in which a person can see what happens. */
function sampleTaskConfig(sample: Sample, pace: SamplePace, nowMs: number): TaskConfig {
  const numDevices = sample.fleet.ranges.length;
  const goalReports = Math.max(1, Math.floor(numDevices / 2));
  return decodeTaskConfig({
    taskId: `${sample.model}-${Math.floor(nowMs / 1000).toString(36)}`,
    model: sample.model,
    seed: SAMPLE_SEED,
    maxRounds: pace.maxRounds,
    targetAccuracy: null,
    round: {
      goalReports,
      minReports: Math.max(1, Math.floor(goalReports / 2)),
      overSelection: 1.3,
      minAvailable: Math.min(numDevices, Math.ceil(goalReports * 1.3)),
      selectionDeadlineMs: 30_000,
      reportingDeadlineMs: 120_000,
      lostGraceMs: 10_000,
      close: sample.close,
      pauseBetweenRoundsMs: pace.pauseBetweenRoundsMs,
      minSeparationRounds: 0,
      poolLimit: 10_000,
      poolWaitMs: 600_000,
      retryAfterRound: { minMs: 200, maxMs: 1500 },
      retryAfterRejection: { minMs: 2000, maxMs: 10_000 },
    },
    training: { epochs: 1, proximalMu: 0, maxExamples: 10_000, minExamples: 1, ...sample.training },
    update: sample.update,
    serverOptimizer: pace.serverOptimizer,
    release: { everyVersions: pace.releaseEveryVersions },
  });
}
