import { createOnnxServing } from "../../engines/onnx/serving.js";
import { createOnnxTrainer } from "../../engines/onnx/trainer.js";
import { chooseProvider } from "../providers/engine-provider.js";
import { probeProviders } from "../providers/probe-providers.js";
import { requireWebAssembly } from "./require-web-assembly.js";
import type { Engine, EngineSettings, TrainerThread } from "./engine-loader.js";

/**
 * ONNX on WebGPU or in WebAssembly, whichever a measurement finds faster for serving. Training stays in WebAssembly:
 * gradients have operators that WebGPU lacks, and would go to and fro between the two.
 */
export async function loadWebGpuEngine(
  { numThreads, provider }: EngineSettings,
  thread: TrainerThread,
): Promise<Engine> {
  requireWebAssembly();
  const runtime = await import("onnxruntime-web/webgpu");
  runtime.env.wasm.numThreads = numThreads;
  const choice =
    provider ?? chooseProvider(await probeProviders({ runtime, nowMs: () => performance.now(), hasAdapter }));
  const { web, common } = runtime.env.versions;
  const isGpu = choice.provider === "webgpu";
  return {
    serving: createOnnxServing(runtime, `onnxruntime-web@${web ?? common} (${choice.provider})`, {
      // A graph of operators that WebGPU lacks, or an adapter that is gone since, runs in WebAssembly.
      executionProviders: isGpu ? ["webgpu", "wasm"] : ["wasm"],
      isSerial: isGpu,
    }),
    trainer: createOnnxTrainer(runtime, thread),
    provider: choice,
  };
}

async function hasAdapter(): Promise<boolean> {
  const { gpu } = navigator as { readonly gpu?: { requestAdapter(): Promise<object | null> } };
  return gpu !== undefined && (await gpu.requestAdapter()) !== null;
}
