import { FedgeError, errorCodeOf } from "@fedge/protocol";
import { transfer } from "comlink";
import type {
  ProgramForm,
  ServingEngine,
  ServingSession,
  TensorValues,
  Trainer,
  TrainingRequest,
} from "../core/ports/engine.js";
import { nowAndThen } from "../engines/training/now-and-then.js";
import type { EngineWorker } from "./engine-worker.js";
import type { StartedEngine } from "./engine-worker-api.js";

const RUN_MS = 60_000;
const LOAD_MS = 120_000;
const TRAIN_MS = 30 * 60_000;
/** For the step under way to end: with what a condition takes to be noticed, well within the second that is promised. */
const STOP_MS = 500;

/** Serves in a worker. A version is loaded again, once, when the worker has died since. */
export function createWorkerServing(
  worker: EngineWorker,
  { name, form }: Pick<StartedEngine, "name" | "form">,
): ServingEngine {
  let numSessions = 0;
  return {
    name,
    form,
    load: async (bundle) => {
      const load = async (): Promise<number> => {
        const session = (numSessions += 1);
        await worker.call((api) => api.load(session, bundle), LOAD_MS);
        return session;
      };
      return new WorkerSession(worker, load, await load());
    },
  };
}

class WorkerSession implements ServingSession {
  #generation: unknown;
  #reloading: Promise<void> | null = null;
  #isClosed = false;

  constructor(
    private readonly worker: EngineWorker,
    private readonly load: () => Promise<number>,
    private session: number,
  ) {
    this.#generation = worker.generation;
  }

  run(inputs: TensorValues): Promise<TensorValues> {
    if (this.#isClosed)
      return Promise.reject(new FedgeError("CLOSED", "this model version is no longer loaded"));
    if (this.worker.generation !== this.#generation) return this.#runAnew(inputs);
    return this.worker
      .run(this.session, inputs, RUN_MS)
      .catch((error: unknown) => this.#again(inputs, error));
  }

  /** A run whose worker died under it is made once more: whoever asked need not know. */
  #again(inputs: TensorValues, error: unknown): Promise<TensorValues> {
    const isDead = errorCodeOf(error) === "TRAINER_DIED" && !this.#isClosed;
    return isDead ? this.#runAnew(inputs) : Promise.reject(error as Error);
  }

  async #runAnew(inputs: TensorValues): Promise<TensorValues> {
    // Once for all that wait, however many runs the dead worker had.
    await (this.#reloading ??= this.#reload().finally(() => (this.#reloading = null)));
    return this.worker.run(this.session, inputs, RUN_MS);
  }

  async #reload(): Promise<void> {
    if (this.worker.generation === this.#generation && this.#generation !== null) return;
    this.session = await this.load();
    this.#generation = this.worker.generation;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // What a dead worker held is free already.
    if (this.worker.generation !== this.#generation) return;
    await this.worker.call((api) => api.unload(this.session), RUN_MS).catch(() => undefined);
  }
}

/** Trains in a worker of its own, so that serving never waits for a step. */
export function createWorkerTrainer(worker: EngineWorker, form: ProgramForm): Trainer {
  let numTrainings = 0;
  const stepAside = nowAndThen(() => worker.stepAside());
  return {
    form,
    train: async (request, signal) => {
      if (signal.aborted) throw interrupted();
      const training = (numTrainings += 1);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stop = (): void => {
        // A step that takes longer than a person waits for is cut off with its worker.
        timer = setTimeout(() => worker.restart(interrupted()), STOP_MS);
        worker.call(async (api) => ({ result: await api.stop(training) }), STOP_MS).catch(() => undefined);
      };
      signal.addEventListener("abort", stop);
      try {
        return await worker.call((api) => api.train(training, moved(request)), TRAIN_MS);
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
      }
    },
    // Most requests come when nothing trains: they need not even know what time it is.
    stepAside: () => worker.isBusy && stepAside(),
    close: () => {
      worker.close();
      return Promise.resolve();
    },
  };
}

/** The examples go over without a copy where they may: they are most of what a training is given. */
function moved(request: TrainingRequest): TrainingRequest {
  const { inputs, target, mayMove } = request.examples;
  if (mayMove !== true) return request;
  const buffers = [...Object.values(inputs), target].map(({ data }) => data.buffer as ArrayBuffer);
  return transfer(request, [...new Set(buffers)]);
}

function interrupted(): FedgeError {
  return new FedgeError("TRAINING_INTERRUPTED", "training was stopped before its end");
}
