import { createOnnxServing } from "../../engines/onnx/serving.js";
import { createOnnxTrainer } from "../../engines/onnx/trainer.js";
import { requireWebAssembly } from "./require-web-assembly.js";
import type { Engine, EngineSettings, TrainerThread } from "./engine-loader.js";

/** ONNX in WebAssembly, without the parts for WebGPU and WebGL, whose WASM file is twice as large. */
export async function loadWasmEngine({ numThreads }: EngineSettings, thread: TrainerThread): Promise<Engine> {
  requireWebAssembly();
  const runtime = await import("onnxruntime-web/wasm");
  runtime.env.wasm.numThreads = numThreads;
  const { web, common } = runtime.env.versions;
  const threads = numThreads === 1 ? "" : ` (${numThreads} threads)`;
  return {
    serving: createOnnxServing(runtime, `onnxruntime-web@${web ?? common}${threads}`),
    trainer: createOnnxTrainer(runtime, thread),
    provider: null,
  };
}
