import { availableParallelism } from "node:os";
import type { ModelName } from "@fedge/protocol";
import type { EvaluationData, EvaluationDataSource } from "../evaluation/evaluation-data.js";
import type { AggregatorService } from "../service.js";
import { partitionExamples } from "../simulation/data/partition.js";
import { digitsModel, heldOutImages, loadDigits } from "../simulation/digits.js";
import { arrangeImages } from "../simulation/fleet/fleet-examples.js";
import { evaluationDataOf, portsOf } from "../simulation/workload.js";
import { startFleet, type SimulatedFleet } from "../simulation/fleet/fleet.js";
import { decodeTaskConfig, type TaskConfig } from "../tasks/task-config.js";

const MODEL = "digits" as ModelName;
const SEED = "sample";
const MAX_ROUNDS = 50;

/** Something to look at: a model of drawn digits, a task that trains it, and devices that take part. */
export class SampleFleet {
  private heldOut: EvaluationData | undefined;
  private fleet: SimulatedFleet | null = null;

  constructor(private readonly numDevices: number) {}

  /** To be given to the server before it starts. */
  readonly evaluationData: EvaluationDataSource = (model) => (model === MODEL ? this.heldOut : undefined);

  /** Imports the model and creates the task unless an earlier start did; then starts the devices. */
  async start(
    server: { readonly service: AggregatorService; readonly httpUrl: string },
    nowMs: number,
  ): Promise<void> {
    const { service, httpUrl } = server;
    const data = await loadDigits({ directory: null, seed: SEED, numDevices: this.numDevices });
    const models = await service.listModels();
    if (!models.some(({ model }) => model === MODEL))
      await service.importModel(digitsModel(MODEL, "2nn", SEED));
    const ports = portsOf((await service.getVersion(MODEL, 1)).manifest);
    this.heldOut = evaluationDataOf(heldOutImages(data.test), ports);
    await this.ensureTask(service, nowMs);
    const { numDevices } = this;
    const division = { kind: "dirichlet", alpha: 0.5, numDevices, seed: SEED } as const;
    const partition = partitionExamples(data.train.labels, division);
    this.fleet = startFleet({
      ...ports,
      serverUrl: httpUrl,
      model: MODEL,
      data: arrangeImages(data.train, partition),
      seed: SEED,
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
    const tasks = await service.listTasks();
    const isBusy = tasks.some(
      ({ config, status }) => config.model === MODEL && (status === "running" || status === "paused"),
    );
    if (!isBusy) await service.createTask(sampleTaskConfig(this.numDevices, nowMs));
  }
}

/** Rounds of half the fleet with a pause in which a person can see what happens. */
function sampleTaskConfig(numDevices: number, nowMs: number): TaskConfig {
  const goalReports = Math.max(1, Math.floor(numDevices / 2));
  return decodeTaskConfig({
    taskId: `digits-${Math.floor(nowMs / 1000).toString(36)}`,
    model: MODEL,
    seed: SEED,
    maxRounds: MAX_ROUNDS,
    targetAccuracy: null,
    round: {
      goalReports,
      minReports: Math.max(1, Math.floor(goalReports / 2)),
      overSelection: 1.3,
      minAvailable: Math.min(numDevices, Math.ceil(goalReports * 1.3)),
      selectionDeadlineMs: 30_000,
      reportingDeadlineMs: 120_000,
      lostGraceMs: 10_000,
      close: "goal",
      pauseBetweenRoundsMs: 2000,
      minSeparationRounds: 0,
      poolLimit: 10_000,
      poolWaitMs: 600_000,
      retryAfterRound: { minMs: 200, maxMs: 1500 },
      retryAfterRejection: { minMs: 2000, maxMs: 10_000 },
    },
    training: {
      epochs: 1,
      batchSize: 20,
      learningRate: 0.05,
      proximalMu: 0,
      maxExamples: 10_000,
      minExamples: 1,
    },
    update: { encoding: "float16", maxNorm: 1000 },
    serverOptimizer: { kind: "fedavg", learningRate: 1 },
    release: { everyVersions: 5 },
  });
}
