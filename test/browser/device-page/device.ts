import type { DeviceStatus, Examples, LogOptions, TensorValues } from "@fedge/device-runtime";
import {
  createDevice,
  createIndexedDbBlobs,
  createIndexedDbValues,
  openDeviceDatabase,
  openWebDeviceKey,
  type BrowserDevice,
  type TabRole,
} from "@fedge/device-runtime/browser";
import { FedgeError, type InstallState, type Sha256 } from "@fedge/protocol";

/** What a test asks the page for. */
export interface DevicePage {
  start(
    server: string,
    models: readonly string[],
    examples?: Examples,
    featureLog?: LogOptions,
  ): Promise<void>;
  /** Stands still for ever, in the middle of its work, when an installation comes to this state; says so first. */
  holdAt(state: InstallState): void;
  status(): DeviceStatus;
  role(): TabRole;
  /** Versions that the page was told of. */
  versions(): readonly number[];
  /** When its trainings began and ended, in the milliseconds of the machine's clock. */
  trainings(): readonly { readonly phase: string; readonly atMs: number }[];
  /** When the page was first typed in, on the same clock; null before. */
  typedAtMs(): number | null;
  /** Codes of the errors that were told so far. */
  errors(): readonly string[];
  predict(model: string, inputs: TensorValues): Promise<{ outputs: TensorValues; version: number }>;
  /** What explains the rows of the feature log, the newest first: values by input; null for rows without. */
  explanations(): Promise<readonly (Readonly<Record<string, readonly number[]>> | null)[]>;
  close(): Promise<void>;
  forget(): Promise<{ readonly isServerTold: boolean }>;
  /** Keeps data of the site's own until not one byte more fits. */
  fillUp(): Promise<void>;
  /** Values, blobs and keys that the device's database holds. */
  numKept(): Promise<number>;
  /** One operation of a store in a database of this name. */
  value(
    database: string,
    operation: "get" | "put" | "delete" | "keys",
    key: string,
    value?: Uint8Array,
  ): Promise<unknown>;
  write(database: string, changes: readonly (readonly [string, Uint8Array | null])[]): Promise<void>;
  blob(
    database: string,
    operation: "get" | "put" | "delete" | "has" | "list",
    sha256: Sha256,
    bytes?: Uint8Array,
  ): Promise<unknown>;
  /** Reads and writes without an end; the codes that the end has. */
  useUntilItFails(name: string): Promise<string[]>;
  /** Whether the private half of the device's key can be taken out of the page. */
  canExportKey(): Promise<boolean>;
}

declare global {
  var page: DevicePage;
}

let device: BrowserDevice | null = null;
/** The name that the device of a server has by itself. */
let databaseName = "";
const errors: string[] = [];
const versions: number[] = [];
const trainings: { phase: string; atMs: number }[] = [];
let typedAtMs: number | null = null;
window.addEventListener("keydown", () => (typedAtMs ??= Date.now()), { capture: true });
const running = (): BrowserDevice => {
  if (device === null) throw new Error("the device was not started");
  return device;
};

globalThis.page = {
  start: async (server, models, examples, featureLog = {}) => {
    const data = { numExamples: () => examples?.numExamples ?? 0, examples: () => examples as Examples };
    databaseName = `fedge ${server}`;
    device = await createDevice({
      ...{ server, models, consent: { training: true, reporting: true }, featureLog },
      trainingData: examples === undefined ? {} : Object.fromEntries(models.map((model) => [model, data])),
    });
    device.on("round", ({ phase }) => trainings.push({ phase, atMs: Date.now() }));
    device.on("version", ({ version }) => versions.push(version));
    device.on("error", (error) => errors.push((error as { code?: string }).code ?? String(error)));
  },
  holdAt: (held) => {
    running().on("install", ({ state, version }) => {
      if (state !== held) return;
      console.log(`held at ${state} ${version}`);
      for (;;);
    });
  },
  status: () => running().status(),
  role: () => running().role,
  versions: () => versions,
  trainings: () => trainings,
  typedAtMs: () => typedAtMs,
  errors: () => errors,
  predict: async (model, inputs) => {
    const { outputs, version } = await running().model(model).predict(inputs);
    return { outputs, version };
  },
  explanations: async () => {
    const rows = await running().featureLog.query();
    return rows.map(({ explanation }) => {
      if (explanation === null) return null;
      const entries = Object.entries(explanation);
      return Object.fromEntries(entries.map(([name, { data }]) => [name, Array.from(data, Number)]));
    });
  },
  close: () => running().close(),
  forget: () => running().forget(),
  fillUp: async () => {
    const database = await openDeviceDatabase("the-sites-own");
    const store = createIndexedDbValues(database);
    let numValues = 0;
    for (const sizeBytes of [100_000, 10_000, 1000, 100, 10, 1]) {
      const isKept = (): Promise<boolean> =>
        store.put(`${(numValues += 1)}`, new Uint8Array(sizeBytes)).then(
          () => true,
          () => false,
        );
      while (await isKept());
    }
    database.close();
  },
  numKept: async () => {
    const opened = await openDeviceDatabase(databaseName);
    const names = ["values", "blobs", "keys"] as const;
    const counts = await Promise.all(names.map((name) => opened.count(name)));
    opened.close();
    return counts.reduce((sum, count) => sum + count, 0);
  },
  value: async (name, operation, key, value) => {
    const database = await openDeviceDatabase(name);
    const store = createIndexedDbValues(database);
    const asked = operation === "put" ? store.put(key, value as Uint8Array) : store[operation](key);
    return asked.finally(() => database.close());
  },
  write: async (name, changes) => {
    const database = await openDeviceDatabase(name);
    return createIndexedDbValues(database)
      .write(changes)
      .finally(() => database.close());
  },
  blob: async (name, operation, sha256, bytes) => {
    const database = await openDeviceDatabase(name);
    const store = createIndexedDbBlobs(database);
    const asked = operation === "put" ? store.put(sha256, bytes as Uint8Array) : store[operation](sha256);
    return asked.finally(() => database.close());
  },
  useUntilItFails: async (name) => {
    const database = await openDeviceDatabase(name);
    const [values, blobs] = [createIndexedDbValues(database), createIndexedDbBlobs(database)];
    const codes = new Set<string>();
    const use = async (work: () => Promise<unknown>): Promise<void> => {
      try {
        for (;;) await work();
      } catch (error) {
        codes.add(error instanceof FedgeError ? error.code : String(error));
      }
    };
    await Promise.all([
      use(() => values.get("a")),
      use(() => values.keys("")),
      use(() => values.put("a", new Uint8Array(1000))),
      use(() => values.write([["b", new Uint8Array(1000)]])),
      use(() => blobs.list()),
      use(() => blobs.has("" as Sha256)),
    ]);
    return [...codes];
  },
  canExportKey: async () => {
    const opened = await openDeviceDatabase(databaseName);
    await openWebDeviceKey(opened);
    const pair = await opened.get("keys", "device");
    opened.close();
    return pair?.privateKey.extractable ?? true;
  },
};
