import type { ProgramForm, ServingEngine, Trainer } from "../core/ports/engine.js";
import { createOnnxServing } from "../engines/onnx/serving.js";
import { createOnnxTrainer } from "../engines/onnx/trainer.js";
import { createTfjsServing } from "../engines/tfjs/serving.js";
import { createTfjsTrainer } from "../engines/tfjs/trainer.js";
import { TrainingPace, type PaceThread } from "../engines/training/training-pace.js";
import { loadOnnxRuntime, type RuntimePackage } from "./onnx-runtime.js";
import { loadTfjsRuntime } from "./tfjs-runtime.js";

export const NODE_ENGINES = ["onnxruntime-node", "onnxruntime-web", "tfjs"] as const;

/** What runs models: the native ONNX runtime, the one in WebAssembly, or TensorFlow.js for layers models. */
export type NodeEngine = (typeof NODE_ENGINES)[number];

/** An engine that has loaded. */
export interface LoadedEngine {
  readonly engine: NodeEngine;
  readonly serving: ServingEngine;
  /** A trainer in this thread, which steps aside when it is told to. */
  createTrainer(): Trainer & { stepAside(): void };
}

/** What models the engine runs. */
export function formOf(engine: NodeEngine): ProgramForm {
  return engine === "tfjs" ? "layers" : "onnx";
}

/**
 * The engine of this name; without a name the first that loads: the native ONNX runtime is the fastest, and
 * TensorFlow.js runs layers models only. Throws ENGINE_UNAVAILABLE naming what to install.
 */
export async function loadEngine(engine?: NodeEngine): Promise<LoadedEngine> {
  if (engine === "tfjs") return loadTfjs();
  if (engine !== undefined) return loadOnnx([engine]);
  try {
    return await loadOnnx();
  } catch (error) {
    // The first failure says what to install, whatever keeps the last resort from loading.
    return loadTfjs().catch(() => Promise.reject(error as Error));
  }
}

async function loadOnnx(packages?: readonly RuntimePackage[]): Promise<LoadedEngine> {
  const { runtime, name, engine } = await loadOnnxRuntime(packages);
  return {
    engine,
    serving: createOnnxServing(runtime, name),
    createTrainer: () => steppingAside((thread) => createOnnxTrainer(runtime, thread)),
  };
}

async function loadTfjs(): Promise<LoadedEngine> {
  const { runtime, name } = await loadTfjsRuntime();
  return {
    engine: "tfjs",
    serving: createTfjsServing(runtime, name),
    createTrainer: () => steppingAside((thread) => createTfjsTrainer(runtime, thread)),
  };
}

const THREAD: PaceThread = {
  nowMs: () => performance.now(),
  yieldToOthers: () => new Promise((resolve) => setImmediate(resolve)),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

function steppingAside(
  create: (thread: Pick<PaceThread, "nowMs" | "yieldToOthers">) => Trainer,
): Trainer & { stepAside(): void } {
  const pace = new TrainingPace(THREAD);
  const trainer = create({ nowMs: THREAD.nowMs, yieldToOthers: pace.yieldToOthers });
  return { ...trainer, stepAside: () => pace.stepAside() };
}

/** True for the name of an engine. */
export function isNodeEngine(value: unknown): value is NodeEngine {
  return NODE_ENGINES.some((engine) => engine === value);
}
