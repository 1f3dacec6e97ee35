import type { DeviceStatus, Examples, HostConditions, TensorValues } from "@fedge/device-runtime";
import { createDevice, openDeviceDatabase, type BrowserDevice } from "@fedge/device-runtime/browser";

/** Which of the engines' workers the app ships and starts. */
export type PageEngine = "wasm" | "webgpu" | "tfjs";

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
};

let device: BrowserDevice | null = null;
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
    const database = await openDeviceDatabase("fedge");
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
  isIsolated: () => globalThis.crossOriginIsolated,
  close: () => running().close(),
};
