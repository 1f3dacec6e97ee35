import { createOnnxServing } from "../../engines/onnx/serving.js";
import { createOnnxTrainer } from "../../engines/onnx/trainer.js";
import { BROWSER_THREAD, type Engine, type EngineSettings } from "./engine-loader.js";

/** ONNX in WebAssembly, without the parts for WebGPU and WebGL, whose WASM file is twice as large. */
export async function loadWasmEngine({ numThreads }: EngineSettings): Promise<Engine> {
  const runtime = await import("onnxruntime-web/wasm");
  runtime.env.wasm.numThreads = numThreads;
  const { web, common } = runtime.env.versions;
  const threads = numThreads === 1 ? "" : ` (${numThreads} threads)`;
  return {
    serving: createOnnxServing(runtime, `onnxruntime-web@${web ?? common}${threads}`),
    trainer: createOnnxTrainer(runtime, BROWSER_THREAD),
    provider: null,
  };
}
