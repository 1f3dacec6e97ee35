import { FedgeError, toWireError } from "@fedge/protocol";
import { expose } from "comlink";
import type { TrainingRequest } from "../core/ports/engine.js";
import { createOnnxTrainer } from "../engines/onnx/trainer.js";
import { loadOnnxRuntime } from "./onnx-runtime.js";
import { processEndpoint } from "./process-endpoint.js";
import type { TrainAnswer, TrainerApi } from "./process-trainer.js";

const yieldToOthers = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function createApi(): TrainerApi {
  const trainer = loadOnnxRuntime().then(({ runtime }) =>
    createOnnxTrainer(runtime, { nowMs: () => performance.now(), yieldToOthers }),
  );
  // A failure to load is the answer to every request; until one comes nobody hears it.
  trainer.catch(() => undefined);
  const running: { stop: AbortController | null } = { stop: null };
  return {
    train: async (request: TrainingRequest): Promise<TrainAnswer> => {
      if (running.stop !== null)
        return { error: toWireError(new FedgeError("TRAINING_FAILED", "a training is under way")) };
      const stop = new AbortController();
      running.stop = stop;
      try {
        return { result: await (await trainer).train(request, stop.signal) };
      } catch (error) {
        return { error: toWireError(error) };
      } finally {
        running.stop = null;
      }
    },
    stop: () => running.stop?.abort(),
  };
}

expose(createApi(), processEndpoint(process));
// Without its parent nobody wants the result.
process.on("disconnect", () => process.exit(0));
// Ctrl-C reaches the whole group; the parent decides when this process ends.
process.on("SIGINT", () => undefined);
