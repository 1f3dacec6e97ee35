import { availableParallelism } from "node:os";
import type { EvaluationData, EvaluationDataSource } from "../../evaluation/evaluation-data.js";
import type { AggregatorService } from "../../service.js";
import { startFleet, type SimulatedFleet } from "../../simulation/fleet/fleet.js";
import { evaluationDataOf, portsOf } from "../../simulation/workload.js";
import { decodeTaskConfig, type TaskConfig } from "../../tasks/task-config.js";
import { SAMPLE_SEED, type Sample } from "./sample.js";

/** Something to look at: a model, a task that trains it, and devices that take part. */
export class SampleFleet {
  private heldOut: EvaluationData | undefined;
  private fleet: SimulatedFleet | null = null;

  constructor(private readonly sample: Sample) {}

  get numDevices(): number {
    return this.sample.fleet.ranges.length;
  }

  /** To be given to the server before it starts. */
  readonly evaluationData: EvaluationDataSource = (model) =>
    model === this.sample.model ? this.heldOut : undefined;

  /** Imports the model and creates the task unless an earlier start did; then starts the devices. */
  async start(
    server: { readonly service: AggregatorService; readonly httpUrl: string },
    nowMs: number,
  ): Promise<void> {
    const { service, httpUrl } = server;
    const { model, initial, fleet, heldOut } = this.sample;
    const models = await service.listModels();
    if (!models.some((known) => known.model === model)) await service.importModel(initial);
    const ports = portsOf((await service.getVersion(model, 1)).manifest);
    this.heldOut = evaluationDataOf(heldOut, ports);
    await this.ensureTask(service, nowMs);
    this.fleet = startFleet({
      ...{ ...ports, serverUrl: httpUrl, model, data: fleet, seed: SAMPLE_SEED },
      numWorkers: Math.min(2, availableParallelism(), this.numDevices),
      faults: { dropout: 0, late: 0 },
      onUnable: () => undefined,
    });
  }

  /** Rejects when a device's thread fails; never resolves. */
  get failed(): Promise<never> {
    return this.fleet?.failed ?? new Promise(() => undefined);
  }

  async close(): Promise<void> {
    await this.fleet?.close();
  }

  private async ensureTask(service: AggregatorService, nowMs: number): Promise<void> {
    const { model } = this.sample;
    const tasks = await service.listTasks();
    const isBusy = tasks.some(
      ({ config, status }) => config.model === model && (status === "running" || status === "paused"),
    );
    if (!isBusy) await service.createTask(sampleTaskConfig(this.sample, nowMs));
  }
}

/** Rounds of half the fleet with a pause in which a person can see what happens. */
function sampleTaskConfig(sample: Sample, nowMs: number): TaskConfig {
  const numDevices = sample.fleet.ranges.length;
  const goalReports = Math.max(1, Math.floor(numDevices / 2));
  return decodeTaskConfig({
    taskId: `${sample.model}-${Math.floor(nowMs / 1000).toString(36)}`,
    model: sample.model,
    seed: SAMPLE_SEED,
    maxRounds: sample.maxRounds,
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
      pauseBetweenRoundsMs: sample.pauseBetweenRoundsMs,
      minSeparationRounds: 0,
      poolLimit: 10_000,
      poolWaitMs: 600_000,
      retryAfterRound: { minMs: 200, maxMs: 1500 },
      retryAfterRejection: { minMs: 2000, maxMs: 10_000 },
    },
    training: { epochs: 1, proximalMu: 0, maxExamples: 10_000, minExamples: 1, ...sample.training },
    update: sample.update,
    serverOptimizer: sample.serverOptimizer,
    release: { everyVersions: sample.releaseEveryVersions },
  });
}
