import { chooseBackend, type BackendCandidate } from "../../engines/tfjs/choose-backend.js";
import { createTfjsServing } from "../../engines/tfjs/serving.js";
import { createTfjsTrainer } from "../../engines/tfjs/trainer.js";
import type { Engine, EngineSettings, TrainerThread } from "./engine-loader.js";

const BACKENDS: readonly BackendCandidate[] = [
  { kind: "webgpu", load: () => import("@tensorflow/tfjs-backend-webgpu") },
  { kind: "webgl", load: () => import("@tensorflow/tfjs-backend-webgl") },
  { kind: "wasm", load: loadWasm },
  { kind: "cpu", load: () => import("@tensorflow/tfjs-backend-cpu") },
];

/** TensorFlow.js for layers models, on the fastest of its backends that runs here. */
export async function loadTfjsEngine(_: EngineSettings, thread: TrainerThread): Promise<Engine> {
  const [core, layers] = await Promise.all([
    import("@tensorflow/tfjs-core"),
    import("@tensorflow/tfjs-layers"),
  ]);
  const kind = await chooseBackend(core, BACKENDS);
  const runtime = { core, layers };
  return {
    serving: createTfjsServing(runtime, `tfjs-${kind}@${core.version_core}`),
    trainer: createTfjsTrainer(runtime, thread),
    provider: null,
  };
}

/** The addresses stand here whole, because that is what bundlers look for. */
async function loadWasm(): Promise<void> {
  const [{ env }, { setWasmPaths }] = await Promise.all([
    import("@tensorflow/tfjs-core"),
    import("@tensorflow/tfjs-backend-wasm"),
  ]);
  // The script of its threads is text that a bundler's shorter names break (tfjs 4.22).
  env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setWasmPaths({
    "tfjs-backend-wasm.wasm": new URL(
      "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
      import.meta.url,
    ).href,
    "tfjs-backend-wasm-simd.wasm": new URL(
      "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
      import.meta.url,
    ).href,
    "tfjs-backend-wasm-threaded-simd.wasm": new URL(
      "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
      import.meta.url,
    ).href,
  });
}
