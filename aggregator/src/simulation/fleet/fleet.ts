import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import {
  FedgeError,
  fromWireError,
  type DeviceAttributes,
  type DeviceId,
  type ModelName,
  type RoundId,
} from "@fedge/protocol";
import type { ModelPorts } from "../workload.js";
import { disableOnnxTelemetry } from "../onnx-telemetry.js";
import type { Inability } from "../faults/deadline-skipper.js";
import type { FaultRates } from "../faults/fate.js";
import type { ArrangedExamples, ExampleRange } from "./fleet-examples.js";
import type {
  DeviceSeed,
  DeviceStep,
  FleetCommand,
  FleetReport,
  FleetUse,
  FleetWorkerData,
} from "./fleet-messages.js";

export interface FleetOptions extends ModelPorts {
  /** Where devices enrol; they learn from the answer where the broker is. */
  readonly serverUrl: string;
  readonly model: ModelName;
  /** The examples of each device; as many devices as ranges. */
  readonly data: ArrangedExamples;
  /** Makes the devices' keys, so that the same seed is the same fleet. */
  readonly seed: string;
  readonly numWorkers: number;
  readonly faults: FaultRates;
  /** A device cannot report in this round any more; it waits for `roundOver`. */
  readonly onUnable: (roundId: RoundId, deviceId: DeviceId, why: Inability) => void;
  /** Devices that are used, not only trained. */
  readonly live?: LiveOptions;
}

export interface LiveOptions {
  readonly use: FleetUse;
  /** What each device predicts, by its number. */
  readonly heldOut: readonly ExampleRange[];
  /** What some of them predict once the world has changed. */
  readonly later?: ReadonlyMap<number, ExampleRange>;
  readonly attributesOf: (index: number) => DeviceAttributes;
  readonly onStep: (step: DeviceStep) => void;
}

/** Simulated devices in worker threads, each the production runtime over a real connection. */
export class SimulatedFleet {
  readonly #workers: Worker[] = [];
  readonly #deviceIds = new Map<number, DeviceId>();
  readonly #exits: Promise<void>[] = [];
  readonly #troubles = new Map<string, { readonly message: string; readonly count: number }>();
  #fail: (error: unknown) => void = () => undefined;
  #isClosing = false;
  /** Rejects when a worker fails; never resolves. */
  readonly failed: Promise<never>;

  constructor(private readonly options: FleetOptions) {
    this.failed = new Promise<never>((_, reject) => (this.#fail = reject));
    // Whoever races it sees the failure; nobody may, and that must not end the process.
    this.failed.catch(() => undefined);
    disableOnnxTelemetry();
    giveThreadsRoom();
    for (let worker = 0; worker < options.numWorkers; worker += 1) this.#start(worker, options.data);
  }

  /** Devices that have enrolled and connected at least once. */
  get numStarted(): number {
    return this.#deviceIds.size;
  }

  /** What devices failed at and dealt with by themselves: one example for each code. */
  troubles(): readonly string[] {
    return [...this.#troubles].map(([code, { message, count }]) => `${count} x ${code} (${message})`);
  }

  /** Devices that have started, by their number. */
  get deviceIds(): ReadonlyMap<number, DeviceId> {
    return this.#deviceIds;
  }

  roundOver(roundId: RoundId): void {
    this.#tell({ type: "round-over", roundId });
  }

  /** Every device loses its line for good when it is about to activate this version. */
  cutOffAt(version: number): void {
    this.#tell({ type: "cut-off-at", version });
  }

  /** From now on devices predict what `later` has for them. */
  changeWorld(): void {
    this.#tell({ type: "change-world" });
  }

  /**
   * Asks every worker to stop and waits: a worker ends between training steps, because the native runtime aborts the
   * whole process when its thread is cut off in the middle of one.
   */
  async close(): Promise<void> {
    if (!this.#isClosing) this.#tell({ type: "close" });
    this.#isClosing = true;
    await Promise.all(this.#exits);
  }

  #tell(command: FleetCommand): void {
    for (const worker of this.#workers) worker.postMessage(command);
  }

  #start(number: number, { examples, ranges }: ArrangedExamples): void {
    const { serverUrl, model, inputName, targetName, numWorkers, seed, faults, live } = this.options;
    const devices = ranges
      .map((range, index) => seedOf(range, index, live))
      .filter(({ index }) => index % numWorkers === number);
    const workerData: FleetWorkerData = {
      ...{ serverUrl, model, inputName, targetName, examples, devices, seed, faults },
      use: live?.use ?? null,
    };
    const worker = new Worker(new URL("./fleet-worker.js", import.meta.url), { workerData });
    worker.on("message", (report: FleetReport) => this.#receive(report));
    worker.on("error", (error) => this.#fail(error));
    this.#exits.push(
      new Promise((resolve) => {
        worker.once("exit", (code) => {
          if (!this.#isClosing) {
            this.#fail(
              new FedgeError("INTERNAL", `a worker thread of the fleet ended early with code ${code}`),
            );
          }
          resolve();
        });
      }),
    );
    this.#workers.push(worker);
  }

  #receive(report: FleetReport): void {
    switch (report.type) {
      case "started":
        this.#deviceIds.set(report.index, report.deviceId);
        return;
      case "unable":
        return this.options.onUnable(report.roundId, report.deviceId, report.why);
      case "step":
        return this.options.live?.onStep(report);
      case "trouble": {
        const { code, message } = report.error;
        this.#troubles.set(code, { message, count: (this.#troubles.get(code)?.count ?? 0) + 1 });
        return;
      }
      case "failed":
        return this.#fail(fromWireError(report.error));
    }
  }
}

function seedOf(range: ExampleRange, index: number, live: LiveOptions | undefined): DeviceSeed {
  const heldOut = live?.heldOut[index];
  if (live === undefined || heldOut === undefined) return { index, range };
  const later = live.later?.get(index);
  const changed = later === undefined ? {} : { later };
  return { index, range, heldOut, ...changed, attributes: live.attributesOf(index) };
}

/** Starts the devices; they enrol, install the released version and check in by themselves. */
export function startFleet(options: FleetOptions): SimulatedFleet {
  return new SimulatedFleet(options);
}

/**
 * Threads that start from now on may fill this much before they collect garbage. V8 counts array buffers as part of a
 * small heap and would go through all of it after every dozen megabytes, which is once for each device that trains:
 * with the default, collecting takes longer than training.
 */
const THREAD_HEAP_MB = 512;

function giveThreadsRoom(): void {
  setFlagsFromString(`--initial-old-space-size=${THREAD_HEAP_MB}`);
}
