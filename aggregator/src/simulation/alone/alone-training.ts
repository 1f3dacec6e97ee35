import { Worker } from "node:worker_threads";
import type { TrainingRequest } from "@fedge/device-runtime";
import {
  FedgeError,
  decodeSafetensors,
  fromWireError,
  type BlobRef,
  type ModelManifest,
  type NamedTensor,
  type WireError,
} from "@fedge/protocol";
import type { EvaluationData } from "../../evaluation/evaluation-data.js";
import type { AggregatorService } from "../../service.js";
import type { DeviceSeed } from "../fleet/fleet-messages.js";
import type { ArrangedExamples, FleetExamples } from "../fleet/fleet-examples.js";
import type { SimulationOptions } from "../options.js";
import { SIMULATED_MODEL } from "../run-task.js";
import { interrupted } from "../waiting.js";
import { evaluationDataOf, portsOf, type Workload } from "../workload.js";

/** What a device reaches without the others. */
export interface AloneResult {
  /** Number of the device in the fleet. */
  readonly index: number;
  readonly numExamples: number;
  /** Rounds after which its model was best, and the accuracy then, on the examples that no device sees. */
  readonly bestRound: number;
  readonly bestAccuracy: number;
}

/** A device that trained alone, and the model that it had then. */
export interface TrainedAlone extends AloneResult {
  readonly bestTensors: readonly NamedTensor[];
}

/** Devices that train without the others, compared with the model that all begin with. */
export interface AloneTraining {
  /** Of the initial model. */
  readonly initialAccuracy: number;
  readonly devices: readonly TrainedAlone[];
}

/** As `AloneTraining`, to be printed. */
export interface AloneSummary {
  readonly initialAccuracy: number;
  readonly devices: readonly AloneResult[];
}

/** The numbers alone. */
export function withoutTensors({ initialAccuracy, devices }: AloneTraining): AloneSummary {
  return { initialAccuracy, devices: devices.map(({ bestTensors: _, ...result }) => result) };
}

export interface AloneWorkerData {
  readonly manifest: ModelManifest;
  readonly program: Uint8Array;
  readonly programSha256: string;
  readonly evalGraph: Uint8Array;
  readonly tensors: readonly NamedTensor[];
  readonly plan: TrainingRequest["plan"];
  readonly maxRounds: number;
  readonly seed: string;
  readonly examples: FleetExamples;
  readonly heldOut: EvaluationData;
  readonly devices: readonly DeviceSeed[];
}

export type AloneReport =
  | { readonly type: "initial"; readonly accuracy: number }
  | { readonly type: "device"; readonly result: TrainedAlone }
  | { readonly type: "failed"; readonly error: WireError };

/**
 * Trains the devices with the most examples, each by itself from the initial model and for as long as that helps: in
 * every round the same passes over its own examples as a selected device makes, until the rounds of the simulation are
 * over or several in a row do not improve its accuracy. Its best round counts, so that a federation has to beat the
 * best that a device could have done, not where it ended.
 *
 * Throws CLOSED when the signal aborts, TRAINING_FAILED and ENGINE_FAILED as training does.
 */
export async function trainAlone(of: {
  readonly service: AggregatorService;
  readonly workload: Workload;
  readonly options: SimulationOptions;
  readonly signal: AbortSignal;
}): Promise<AloneTraining> {
  const { options, workload, signal } = of;
  const shared = await readVersion(of.service, workload, options);
  const devices = largest(workload.fleet, options.numAlone);
  const numThreads = Math.min(options.numWorkers, devices.length);
  const reports: AloneReport[] = [];
  const threads = Array.from({ length: numThreads }, (_, thread) => {
    const own = devices.filter((_device, at) => at % numThreads === thread);
    return runThread({ ...shared, devices: own }, signal, (report) => reports.push(report));
  });
  await Promise.all(threads);
  if (signal.aborted) throw interrupted();
  return summary(reports);
}

async function readVersion(
  service: AggregatorService,
  { fleet, heldOut }: Workload,
  options: SimulationOptions,
): Promise<Omit<AloneWorkerData, "devices">> {
  const { manifest } = await service.getVersion(SIMULATED_MODEL, 1);
  const train = requireGraph(manifest.graphs.train);
  const { epochs, batchSize, learningRate, rounds, seed } = options;
  return {
    manifest,
    program: await service.readBlob(train),
    programSha256: train.sha256,
    evalGraph: await service.readBlob(requireGraph(manifest.graphs.eval)),
    tensors: decodeSafetensors(await service.readBlob(manifest.checkpoint)).tensors,
    plan: { epochs, batchSize, learningRate, proximalMu: 0, maxExamples: 65_536, seed },
    ...{ maxRounds: rounds, seed, examples: fleet.examples },
    heldOut: evaluationDataOf(heldOut, portsOf(manifest)),
  };
}

function requireGraph(ref: BlobRef | undefined): BlobRef {
  if (ref !== undefined) return ref;
  throw new FedgeError("MANIFEST_INVALID", "the model cannot be trained or evaluated; import it again");
}

function largest({ ranges }: ArrangedExamples, count: number): DeviceSeed[] {
  const devices = ranges.map((range, index) => ({ index, range }));
  return devices.sort((a, b) => b.range.count - a.range.count).slice(0, count);
}

/** Ends by itself; told to stop, it ends between two steps, because the native runtime must not be cut off. */
async function runThread(
  workerData: AloneWorkerData,
  signal: AbortSignal,
  onReport: (report: AloneReport) => void,
): Promise<void> {
  const worker = new Worker(new URL("./alone-worker.js", import.meta.url), { workerData });
  const stop = (): void => worker.postMessage("stop");
  signal.addEventListener("abort", stop);
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on("message", (report: AloneReport) => {
        if (report.type === "failed") reject(fromWireError(report.error));
        else onReport(report);
      });
      worker.on("error", reject);
      worker.on("exit", () => resolve());
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function summary(reports: readonly AloneReport[]): AloneTraining {
  const initial = reports.find((report) => report.type === "initial");
  const devices = reports.flatMap((report) => (report.type === "device" ? [report.result] : []));
  return {
    initialAccuracy: initial?.accuracy ?? 0,
    devices: devices.sort((a, b) => b.bestAccuracy - a.bestAccuracy),
  };
}
