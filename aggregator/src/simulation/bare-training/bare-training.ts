import { Worker } from "node:worker_threads";
import { buildTrainingGraphs, type TrainingGraphs, type ValueSpec } from "@fedge/onnx-autodiff";
import type { TrainingRequest } from "@fedge/device-runtime";
import {
  FedgeError,
  MANIFEST_FORMAT,
  fromWireError,
  type ModelManifest,
  type ModelName,
  type PortShape,
  type Sha256,
  type WireError,
} from "@fedge/protocol";
import {
  firstExamples,
  imageTensor,
  labelTensor,
  IMAGE_PIXELS,
  type LabelledImages,
} from "../data/labelled-images.js";
import { digitsModel } from "../digits.js";
import { portsOf } from "../workload.js";
import { disableOnnxTelemetry } from "../onnx-telemetry.js";
import type { DigitModelKind } from "../options.js";

const MODEL = "digits" as ModelName;
const NO_BLOB = { sha256: "0".repeat(64) as Sha256, sizeBytes: 1 };

export interface BareTraining {
  readonly model: DigitModelKind;
  /** What one training run trains on. */
  readonly images: LabelledImages;
  readonly plan: TrainingRequest["plan"];
  readonly numTrainings: number;
  readonly numWorkers: number;
}

export interface BareWorkerData {
  readonly request: TrainingRequest;
  readonly numTrainings: number;
}

export type BareReport =
  | { readonly type: "ready" }
  | { readonly type: "done"; readonly steps: number }
  | { readonly type: "failed"; readonly error: WireError };

/**
 * Seconds that the training runs take in bare loops, one on each thread, with the trainer and the graphs of the
 * product and nothing else: what a federated run of the same steps is compared with. Compiling is not counted.
 */
export async function timeBareTraining(of: BareTraining): Promise<{ seconds: number; steps: number }> {
  disableOnnxTelemetry();
  const request = trainingRequest(of);
  const share = (worker: number): number =>
    Math.floor(((worker + 1) * of.numTrainings) / of.numWorkers) -
    Math.floor((worker * of.numTrainings) / of.numWorkers);
  const loops = Array.from({ length: of.numWorkers }, (_, worker) => startLoop(request, share(worker)));
  await Promise.all(loops.map((loop) => loop.ready));
  const startedAtMs = performance.now();
  const steps = await Promise.all(loops.map((loop) => loop.run()));
  const seconds = (performance.now() - startedAtMs) / 1000;
  await Promise.all(loops.map((loop) => loop.exited));
  return { seconds, steps: steps.reduce((sum, count) => sum + count, 0) };
}

interface Loop {
  readonly ready: Promise<void>;
  readonly exited: Promise<void>;
  run(): Promise<number>;
}

function startLoop(request: TrainingRequest, numTrainings: number): Loop {
  const workerData: BareWorkerData = { request, numTrainings };
  const worker = new Worker(new URL("./bare-training-worker.js", import.meta.url), { workerData });
  const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  let ready: () => void = () => undefined;
  let done: (steps: number) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const isReady = new Promise<void>((resolve, reject) => ([ready, fail] = [resolve, reject]));
  const isDone = new Promise<number>((resolve, reject) => {
    const failBefore = fail;
    done = resolve;
    fail = (error) => [failBefore, reject].forEach((settle) => settle(error));
  });
  isDone.catch(() => undefined);
  worker.on("error", (error) => fail(error));
  worker.on("exit", (code) =>
    fail(new FedgeError("ENGINE_FAILED", `a training loop ended with code ${code}`)),
  );
  worker.on("message", (report: BareReport) => {
    if (report.type === "ready") ready();
    else if (report.type === "done") done(report.steps);
    else fail(fromWireError(report.error));
  });
  const run = (): Promise<number> => {
    worker.postMessage("run");
    return isDone;
  };
  return { ready: isReady, exited, run };
}

function trainingRequest({ model, images, plan }: BareTraining): TrainingRequest {
  const { onnx, training } = digitsModel(MODEL, model, "bench");
  const built = buildTrainingGraphs(onnx, training);
  const manifest = manifestOf(built);
  const rows = firstExamples(images.labels.length);
  const input = { shape: [rows.length, IMAGE_PIXELS], data: imageTensor(images, rows) };
  return {
    manifest,
    programSha256: NO_BLOB.sha256,
    program: built.train,
    tensors: built.parameters.map(({ name, shape, data }) => {
      return { name, elementType: "float32", shape, data: data as Float32Array };
    }),
    plan,
    seed: "bench",
    examples: {
      numExamples: rows.length,
      inputs: { [portsOf(manifest).inputName]: input },
      target: { shape: [rows.length], data: labelTensor(images, rows) },
    },
  };
}

/** What the trainer reads of a manifest is true; nothing is fetched, so the blobs are none. */
function manifestOf(built: TrainingGraphs): ModelManifest {
  return {
    format: MANIFEST_FORMAT,
    model: MODEL,
    version: 1,
    graphs: { infer: NO_BLOB, train: NO_BLOB },
    checkpoint: NO_BLOB,
    parameters: built.parameters.map(({ name, shape }) => {
      return { name, elementType: "float32", shape: [...shape] };
    }),
    state: [],
    inputs: built.inputs.map(toPort),
    outputs: built.outputs.map(toPort),
    target: toPort(built.loss.target),
    proximal: false,
    minRuntimeVersion: "0.1.0",
    lineage: { parentVersion: null, taskId: null, roundId: null, numUpdates: 0, numExamples: 0 },
  };
}

function toPort({ name, elementType, shape }: ValueSpec): PortShape {
  const sizes = (shape ?? []).map((size) => (typeof size === "number" ? size : null));
  return { name, elementType: elementType as PortShape["elementType"], shape: sizes };
}
