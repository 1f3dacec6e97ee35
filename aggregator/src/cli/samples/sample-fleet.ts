import { availableParallelism } from "node:os";
import type { EvaluationData, EvaluationDataSource } from "../../evaluation/evaluation-data.js";
import type { AggregatorService } from "../../service.js";
import { startFleet, type SimulatedFleet } from "../../simulation/fleet/fleet.js";
import { evaluationDataOf, portsOf } from "../../simulation/workload.js";
import { sampleProfile } from "./sample-profile.js";
import { SampleTasks } from "./sample-tasks.js";
import { SAMPLE_SEED, type Sample } from "./sample.js";

/** Something to look at: a model, a task that trains it, and devices that take part. */
export class SampleFleet {
  private heldOut: EvaluationData | undefined;
  private fleet: SimulatedFleet | null = null;
  private tasks: SampleTasks | null = null;

  constructor(
    private readonly sample: Sample,
    private readonly options: { readonly onError: (error: unknown) => void },
  ) {}

  get numDevices(): number {
    return this.sample.fleet.ranges.length;
  }

  /** To be given to the server before it starts. */
  readonly evaluationData: EvaluationDataSource = (model) =>
    model === this.sample.model ? this.heldOut : undefined;

  /** Imports the model and creates the task unless an earlier start did; then starts the devices. */
  async start(
    server: { readonly service: AggregatorService; readonly httpUrl: string },
    nowMs: () => number,
  ): Promise<void> {
    const { service, httpUrl } = server;
    const { model, initial, fleet, heldOut } = this.sample;
    const models = await service.listModels();
    if (!models.some((known) => known.model === model))
      await service.importModel({ ...initial, profile: await sampleProfile(this.sample) });
    const ports = portsOf((await service.getVersion(model, 1)).manifest);
    this.heldOut = evaluationDataOf(heldOut, ports);
    this.tasks = new SampleTasks(this.sample, { service, nowMs, onError: this.options.onError });
    await this.tasks.begin();
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
    await this.tasks?.close();
    await this.fleet?.close();
  }
}
