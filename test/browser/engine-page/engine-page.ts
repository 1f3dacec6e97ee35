import type { DeviceStatus, Examples, HostConditions, TensorValues } from "@fedge/device-runtime";
import { createDevice, openDeviceDatabase, type BrowserDevice } from "@fedge/device-runtime/browser";

import type { WorkerEnd } from "./mortal-worker.js";

/** Which of the engines' workers the app ships and starts; `mortal` is `wasm` in workers that a test can end. */
export type PageEngine = "wasm" | "webgpu" | "tfjs" | "mortal";

/** A worker's own words and its end, as the page sees them. */
export interface WorkerNews {
  /** 0 for the first that was started. */
  readonly worker: number;
  readonly what: "started" | "answered" | "terminated";
  /** Of an answer that is an error. */
  readonly code: string | null;
  /** Milliseconds of the page's clock. */
  readonly atMs: number;
}

/** Comlink's answer to a call. */
interface Answered {
  readonly id?: string;
  readonly value?: { readonly error?: { readonly code: string } };
}

export interface TimedAnswer {
  readonly outputs: TensorValues;
  readonly tookMs: number;
}

/** What a test asks the page for. */
export interface EnginePage {
  start(server: string, engine: PageEngine, examples?: Examples): Promise<void>;
  status(): DeviceStatus;
  predict(inputs: TensorValues): Promise<{ outputs: TensorValues; version: number }>;
  /** What the page has remembered of its measurement. */
  rememberedProvider(): Promise<{ provider: string; reason: string } | null>;
  /** Whether the device may train from now on. */
  setEligible(isEligible: boolean): void;
  /** Steps of its rounds, with the milliseconds of the page's clock. */
  phases(): readonly { readonly phase: string; readonly code: string | null; readonly atMs: number }[];
  /** What mortal workers did. */
  workerNews(): readonly WorkerNews[];
  /** Ends a mortal worker. */
  end(worker: number, how: WorkerEnd): void;
  /** Ends mortal workers that are started from now on before they do anything else. */
  endAtBirth(how: WorkerEnd): void;
  /** Ends a worker and asks at once for a prediction; how long that took. */
  predictAfterEnd(worker: number, how: WorkerEnd, inputs: TensorValues): Promise<TimedAnswer>;
  isIsolated(): boolean;
  close(): Promise<void>;
}

declare global {
  var enginePage: EnginePage;
}

const workers: Record<PageEngine, (() => Worker) | undefined> = {
  wasm: undefined,
  webgpu: () =>
    new Worker(new URL("@fedge/device-runtime/browser/engine-worker-webgpu", import.meta.url), {
      type: "module",
    }),
  tfjs: () =>
    new Worker(new URL("@fedge/device-runtime/browser/engine-worker-tfjs", import.meta.url), {
      type: "module",
    }),
  mortal: startMortalWorker,
};

const mortals: Worker[] = [];
const news: WorkerNews[] = [];
let endAtBirth: WorkerEnd | null = null;

function startMortalWorker(): Worker {
  const worker = new Worker(new URL("./mortal-worker.ts", import.meta.url), { type: "module" });
  const number = mortals.push(worker) - 1;
  const tell = (what: WorkerNews["what"], code: string | null = null): void =>
    void news.push({ worker: number, what, code, atMs: performance.now() });
  tell("started");
  // Waits in the worker for its script, before anything that the device asks of it.
  if (endAtBirth !== null) worker.postMessage({ end: endAtBirth });
  // What it says of its life answers nothing.
  worker.addEventListener("message", ({ data }: MessageEvent<Answered>) => {
    if (data.id !== undefined) tell("answered", data.value?.error?.code ?? null);
  });
  const terminate = worker.terminate.bind(worker);
  worker.terminate = () => {
    tell("terminated");
    terminate();
  };
  return worker;
}

const end = (worker: number, how: WorkerEnd): void => mortals[worker]?.postMessage({ end: how });

let device: BrowserDevice | null = null;
/** The name that the device of a server has by itself. */
let databaseName = "";
const running = (): BrowserDevice => {
  if (device === null) throw new Error("the device was not started");
  return device;
};
const phases: { phase: string; code: string | null; atMs: number }[] = [];
const listeners = new Set<() => void>();
let isEligible = true;
const conditions: HostConditions = {
  isEligible: () => isEligible,
  reasons: () => (isEligible ? [] : ["on battery"]),
  onChange: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

globalThis.enginePage = {
  start: async (server, engine, examples) => {
    const newWorker = workers[engine];
    const data = { numExamples: () => examples?.numExamples ?? 0, examples: () => examples as Examples };
    databaseName = `fedge ${server}`;
    device = await createDevice({
      ...{ server, model: "clouds", consent: { training: true, reporting: true }, conditions },
      trainingData: examples === undefined ? {} : { clouds: data },
      ...(newWorker === undefined ? {} : { newWorker }),
    });
    device.on("round", ({ phase, code }) => phases.push({ phase, code, atMs: performance.now() }));
  },
  status: () => running().status(),
  predict: async (inputs) => {
    const { outputs, version } = await running().model("clouds").predict(inputs);
    return { outputs, version };
  },
  rememberedProvider: async () => {
    const database = await openDeviceDatabase(databaseName);
    const bytes = await database.get("values", "engine/provider");
    database.close();
    return bytes === undefined
      ? null
      : (JSON.parse(new TextDecoder().decode(bytes)) as { provider: string; reason: string });
  },
  setEligible: (given) => {
    isEligible = given;
    phases.push({ phase: given ? "eligible" : "not eligible", code: null, atMs: performance.now() });
    for (const listener of listeners) listener();
  },
  phases: () => phases,
  workerNews: () => news,
  end,
  endAtBirth: (how) => void (endAtBirth = how),
  predictAfterEnd: async (worker, how, inputs) => {
    end(worker, how);
    const startedAtMs = performance.now();
    const { outputs } = await running().model("clouds").predict(inputs);
    return { outputs, tookMs: performance.now() - startedAtMs };
  },
  isIsolated: () => globalThis.crossOriginIsolated,
  close: () => running().close(),
};
