import { buildTrainingGraphs, type TrainingGraphs, type TrainingOptions } from "@fedge/onnx-autodiff";
import type { Trainer, TrainingRequest, TrainingResult } from "@fedge/device-runtime";
import { createOnnxTrainer } from "@fedge/device-runtime/engine-onnx";
import {
  chooseBackend,
  createTfjsTrainer,
  type BackendCandidate,
  type BackendKind,
} from "@fedge/device-runtime/engines/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import wasmUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simdUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threadedUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import * as core from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import * as onnxRuntime from "onnxruntime-web";

/** What a test asks the page for. */
export interface EnginesPage {
  /** Trains on the ONNX runtime, or on this backend of TensorFlow.js. */
  train(engine: "onnx" | BackendKind, request: TrainingRequest): Promise<TrainingResult>;
  /** The three graphs of a model, differentiated in the page. */
  differentiate(
    model: Uint8Array,
    options: TrainingOptions,
  ): Pick<TrainingGraphs, "infer" | "train" | "eval">;
  /** The backend that a device in this browser runs on. */
  chooseBackend(): Promise<BackendKind>;
}

declare global {
  var engines: EnginesPage;
}

const BACKENDS: readonly BackendCandidate[] = [
  { kind: "cpu", load: () => import("@tensorflow/tfjs-backend-cpu") },
  { kind: "wasm", load: async () => setWasmPaths({ ...wasmPaths }) },
  { kind: "webgl", load: () => import("@tensorflow/tfjs-backend-webgl") },
  { kind: "webgpu", load: () => import("@tensorflow/tfjs-backend-webgpu") },
];
const wasmPaths = {
  "tfjs-backend-wasm.wasm": wasmUrl,
  "tfjs-backend-wasm-simd.wasm": simdUrl,
  "tfjs-backend-wasm-threaded-simd.wasm": threadedUrl,
};
const never = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
const thread = {
  nowMs: (): number => performance.now(),
  yieldToOthers: (): Promise<void> => new Promise((resolve) => setTimeout(resolve)),
};

async function trainerOf(engine: "onnx" | BackendKind): Promise<Trainer> {
  if (engine === "onnx") {
    onnxRuntime.env.wasm.numThreads = 1;
    return createOnnxTrainer(onnxRuntime, thread);
  }
  const candidates = BACKENDS.filter(({ kind }) => kind === engine);
  await chooseBackend(core, candidates);
  return createTfjsTrainer({ core, layers }, thread);
}

globalThis.engines = {
  train: async (engine, request) => {
    const trainer = await trainerOf(engine);
    try {
      return await trainer.train(request, never);
    } finally {
      await trainer.close();
    }
  },
  differentiate: (model, options) => {
    const { infer, train, eval: evaluate } = buildTrainingGraphs(model, options);
    return { infer, train, eval: evaluate };
  },
  chooseBackend: () => chooseBackend(core, BACKENDS),
};
