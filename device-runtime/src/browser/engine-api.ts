import { FedgeError, toWireError, type WireError } from "@fedge/protocol";
import { expose, transfer, type Endpoint } from "comlink";
import type { ServingSession } from "../core/ports/engine.js";
import { TrainingPace } from "../engines/training/training-pace.js";
import {
  createBrowserThread,
  type Engine,
  type EngineLoader,
  type EngineSettings,
} from "./engine-loaders/engine-loader.js";
import type { Answer, EngineWorkerApi } from "./engine-worker-api.js";
import { serveRuns } from "./run-lane.js";
import { showLife, type LifeLocks } from "./worker-life.js";

/**
 * Serves and trains for whoever is at the other end. The engine is loaded when it is asked for. `locks` are those of a
 * worker, by which its end is noticed.
 */
export function serveEngine(load: EngineLoader, endpoint: Endpoint, locks?: LifeLocks): void {
  // Before anything that takes time: only then a worker that ends early is noticed.
  showLife(endpoint, locks);
  const sessions = new Map<number, ServingSession>();
  serveRuns(endpoint, (session, inputs) => answer(() => sessionOf(sessions, session).run(inputs)));
  expose(createEngineApi(load, sessions), endpoint);
}

function createEngineApi(load: EngineLoader, sessions: Map<number, ServingSession>): EngineWorkerApi {
  let settings: EngineSettings = { numThreads: 1, provider: null };
  const thread = createBrowserThread();
  const pace = new TrainingPace(thread);
  let starting: Promise<Engine> | null = null;
  const engine = (): Promise<Engine> =>
    (starting ??= load(settings, {
      nowMs: thread.nowMs,
      yieldToOthers: pace.yieldToOthers,
    }));
  return {
    configure: (given) => void (settings = given),
    start: () =>
      answer(async () => {
        const { serving, provider } = await engine();
        return { name: serving.name, form: serving.form, provider };
      }),
    load: (session, bundle) =>
      answer(async () => {
        sessions.set(session, await (await engine()).serving.load(bundle));
        return null;
      }),
    unload: (session) =>
      answer(async () => {
        const loaded = sessions.get(session);
        sessions.delete(session);
        await loaded?.close();
        return null;
      }),
    ...trainingsOf(engine),
    stepAside: () => pace.stepAside(),
  };
}

function trainingsOf(engine: () => Promise<Engine>): Pick<EngineWorkerApi, "train" | "stop"> {
  const stops = new Map<number, AbortController>();
  return {
    train: async (training, request) => {
      const stop = new AbortController();
      stops.set(training, stop);
      const given = await answer(async () => (await engine()).trainer.train(request, stop.signal));
      stops.delete(training);
      return "error" in given ? given : transfer(given, [given.result.delta.buffer]);
    },
    stop: (training) => stops.get(training)?.abort(),
  };
}

function sessionOf(sessions: ReadonlyMap<number, ServingSession>, number: number): ServingSession {
  const session = sessions.get(number);
  if (session === undefined) throw new FedgeError("CLOSED", "this model version is no longer loaded");
  return session;
}

async function answer<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { result: await work() };
  } catch (error) {
    return { error: withoutBackend(toWireError(error)) };
  }
}

/** The runtime fetches its WASM file with the first session; having failed once, it does not try again. */
function withoutBackend(error: WireError): WireError {
  const isMissing = error.code === "ENGINE_FAILED" && /no available backend|initWasm/i.test(error.message);
  return isMissing ? { ...error, code: "ENGINE_UNAVAILABLE" } : error;
}
