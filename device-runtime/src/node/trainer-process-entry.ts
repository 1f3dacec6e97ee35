import { toWireError } from "@fedge/protocol";
import { expose } from "comlink";
import { isNodeEngine, loadEngine } from "./engines.js";
import { processEndpoint } from "./process-endpoint.js";
import type { TrainAnswer, TrainerApi } from "./process-trainer.js";

/** The engine that the parent serves with; without one the first that loads. */
const [, , wanted] = process.argv;

function createApi(): TrainerApi {
  const loading = loadEngine(isNodeEngine(wanted) ? wanted : undefined);
  const trainer = loading.then((engine) => engine.createTrainer());
  // A failure to load is the answer to every request; until one comes nobody hears it.
  trainer.catch(() => undefined);
  const stops = new Map<number, AbortController>();
  return {
    train: async (id, request): Promise<TrainAnswer> => {
      const stop = new AbortController();
      stops.set(id, stop);
      try {
        return { result: await (await trainer).train(request, stop.signal) };
      } catch (error) {
        return { error: toWireError(error) };
      } finally {
        stops.delete(id);
      }
    },
    stop: (id) => stops.get(id)?.abort(),
    stepAside: () => {
      // Before the engine has loaded there is nothing to step aside with.
      trainer.then(({ stepAside }) => stepAside()).catch(() => undefined);
    },
  };
}

expose(createApi(), processEndpoint(process));
// Without its parent nobody wants the result.
process.on("disconnect", () => process.exit(0));
// Ctrl-C reaches the whole group; the parent decides when this process ends.
process.on("SIGINT", () => undefined);
