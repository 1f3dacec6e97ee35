import { FedgeError, toWireError, type WireError } from "@fedge/protocol";
import { transfer } from "comlink";
import type { ServingSession, TensorValues } from "../core/ports/engine.js";
import type { Engine, EngineLoader, EngineSettings } from "./engine-loaders/engine-loader.js";
import type { Answer, EngineWorkerApi } from "./engine-worker-api.js";

/** Serves and trains wherever it is called: in a worker, or in the page where no worker may be. The engine is loaded when it is asked for. */
export function createEngineApi(load: EngineLoader): EngineWorkerApi {
  let settings: EngineSettings = { numThreads: 1, provider: null };
  let starting: Promise<Engine> | null = null;
  const engine = (): Promise<Engine> => (starting ??= load(settings));
  const sessions = new Map<number, ServingSession>();
  const stops = new Map<number, AbortController>();
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
    run: async (session, inputs) => {
      const given = await answer(() => sessionOf(sessions, session).run(inputs));
      return "error" in given ? given : transfer(given, buffersOf(given.result));
    },
    unload: (session) =>
      answer(async () => {
        const loaded = sessions.get(session);
        sessions.delete(session);
        await loaded?.close();
        return null;
      }),
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

/** Below this a copy takes less than handing the memory over. */
const MIN_TRANSFER_BYTES = 65_536;

/** Each once: outputs may be views of one buffer. */
function buffersOf(values: TensorValues): ArrayBuffer[] {
  const buffers = new Set(Object.values(values).map(({ data }) => data.buffer as ArrayBuffer));
  return [...buffers].filter(({ byteLength }) => byteLength >= MIN_TRANSFER_BYTES);
}
