import { createRandom, type SignatureVerifier } from "@fedge/protocol";
import { deviceOptionsOf, modelsOf, type AppOptions } from "../core/app-options.js";
import { closingAfter } from "../core/closing-after.js";
import { createDevice as createCoreDevice } from "../core/device.js";
import type { Device } from "../core/device-interface.js";
import type { HostConditions } from "../core/ports/application.js";
import { createHttpIdentity } from "../identity/http-identity.js";
import { createMqttTransport } from "../mqtt/mqtt-transport.js";
import { watchPage } from "./conditions/page-conditions.js";
import { watchUse } from "./conditions/watch-use.js";
import { openDeviceStorage, type DeviceStorage } from "./device-storage.js";
import { createSystemClock } from "../clock/system-clock.js";
import { askingToPersist } from "./persistence.js";
import { startRememberedEngines } from "./remembered-engines.js";
import type { Engines } from "./start-engines.js";
import { requireSubtle, webDigest } from "./web-digest.js";
import { createLockLeadership, type Leadership } from "./tabs/leadership.js";
import { joinDevice, type BrowserDevice } from "./tabs/shared-device.js";
import { SILENT_LINE, openTabLine, type TabLine } from "./tabs/tab-messages.js";
import { createWorkerPolicy, startTrusted, type TrustedTypesLike } from "./trusted-worker.js";
import { createWorkerServing, createWorkerTrainer } from "./worker-engines.js";

/** A hidden page is woken once a minute: with less it would be given up for asleep. */
const KEEPALIVE_SECONDS = 120;

/** What an app in a page decides. */
export interface BrowserDeviceOptions extends AppOptions {
  /** When the device may train; by default while it charges, unmetered and not in use (`watchPage`). */
  readonly conditions?: HostConditions;
  /** Names the database; one device for each name and origin. By default `fedge` and the server: one for each server. */
  readonly databaseName?: string;
  /** Starts the engines' worker, for an app that bundles `@fedge/device-runtime/browser/engine-worker` itself. */
  readonly newWorker?: () => Worker;
}

/**
 * A device in a page: ONNX in two workers, one that serves and one that trains, MQTT over WebSocket, IndexedDB. All
 * tabs of the origin are one device: one of them leads, the others serve through it, and the next takes over.
 *
 * Where the browser keeps nothing or starts no worker it serves all the same, does not train, or makes the page wait, and
 * says so in `status().problems`.
 *
 * Throws ENGINE_UNAVAILABLE where no engine starts or the page is not secure, and OPTION_INVALID. A server that cannot be reached is not an error: what is installed serves.
 */
export async function createDevice(options: BrowserDeviceOptions): Promise<BrowserDevice> {
  requireSubtle();
  const models = modelsOf(options);
  const server = options.server.replace(/\/+$/, "");
  const name = options.databaseName ?? `fedge ${server}`;
  const clock = createSystemClock();
  let conditions: HostConditions = NEVER;
  return joinDevice({
    ...{ server, models, clock, consent: options.consent ?? {}, ...tabsOf(name) },
    tab: crypto.randomUUID(),
    open: (consent, models) => {
      const watched = watchPage(window, clock);
      conditions = options.conditions ?? watched;
      return openLeader({ ...options, models, consent, conditions }, name, () => watched.close());
    },
    watchUse: (used) => watchUse(document, clock, used),
    usedElsewhere: () => conditions.usedElsewhere?.(),
  });
}

/** Without a line that they hear, tabs could not follow: each leads alone. */
function tabsOf(name: string): { readonly leadership: Leadership; readonly line: TabLine } {
  const line = openTabLine(name);
  // Missing in old browsers, whatever the type says.
  const locks = line === null ? undefined : (navigator.locks as LockManager | undefined);
  return { leadership: createLockLeadership(name, locks), line: line ?? SILENT_LINE };
}

type LeaderOptions = BrowserDeviceOptions & { readonly conditions: HostConditions };

async function openLeader(options: LeaderOptions, name: string, stopWatching: () => void): Promise<Device> {
  const opened: { storage?: DeviceStorage; engines?: Engines } = {};
  const free = (): void => {
    opened.engines?.serving.close();
    stopWatching();
    opened.storage?.close();
  };
  try {
    const storage = (opened.storage = await openDeviceStorage(name));
    const engines = (opened.engines = await startRememberedEngines({
      newWorker: options.newWorker ?? startWorker,
      store: storage.store,
      clock: createSystemClock(),
      browser: platformOf(navigator.userAgent),
    }));
    const conditions = storage.isPassing ? NEVER : options.conditions;
    const device = await openDevice(options, { storage, engines, conditions });
    device.on("round", ({ phase }) => conditions.trainingChanged?.(phase === "training"));
    const keeping = storage.isPassing
      ? forgottenAtClose(device)
      : // Missing in a page that is not secure, whatever the type says.
        askingToPersist(device, navigator.storage as StorageManager | undefined);
    return closingAfter(keeping, free);
  } catch (error) {
    free();
    throw error;
  }
}

/** What a page that keeps nothing would learn is not worth a round: it is another device each time. */
const NEVER: HostConditions = {
  isEligible: () => false,
  reasons: () => ["nothing can be kept here"],
  onChange: () => () => undefined,
};

/** A device that keeps nothing is never seen again: the server need not remember it. */
function forgottenAtClose(device: Device): Device {
  return { ...closingAfter(device, () => undefined), close: async () => void (await device.forget()) };
}

interface Parts {
  readonly storage: DeviceStorage;
  readonly engines: Engines;
  readonly conditions: HostConditions;
}

async function openDevice(
  options: BrowserDeviceOptions,
  { storage, engines, conditions }: Parts,
): Promise<Device> {
  const { server, enrolmentKey } = options;
  const clock = createSystemClock();
  const { store, blobs, key, eraseKey } = storage;
  return createCoreDevice(
    {
      ...{ clock, store, blobs, conditions, digest: webDigest, verifier: lazyVerifier },
      transport: createMqttTransport({ keepaliveSeconds: KEEPALIVE_SECONDS }),
      random: createRandom(crypto.randomUUID()),
      identity: createHttpIdentity({
        ...{ server, key, clock, eraseKey, useWebSocket: true },
        ...(enrolmentKey === undefined ? {} : { enrolmentKey }),
      }),
      serving: createWorkerServing(engines.serving, engines.engine),
      trainer: createWorkerTrainer(engines.training, engines.engine.form),
      trainingData: options.trainingData ?? {},
      newStop: () => new AbortController(),
      nowUs: () => performance.now() * 1000,
      memoryBytes: pageMemoryBytes,
    },
    {
      models: modelsOf(options),
      consent: options.consent ?? {},
      platform: platformOf(navigator.userAgent),
      problems: [...storage.problems, ...engines.problems],
      ...deviceOptionsOf(options),
      onLeaving: (listener) => {
        window.addEventListener("pagehide", listener);
        return () => window.removeEventListener("pagehide", listener);
      },
    },
  );
}

/** Fetched with the first signature, as what asks for it is. */
const lazyVerifier: SignatureVerifier = {
  verify: async (...of) => (await import("./web-signature-verifier.js")).webVerifier.verify(...of),
};

/** Chromium's own measure of the page's heap; other browsers do not tell. */
function pageMemoryBytes(): number | null {
  const { memory } = performance as { readonly memory?: { readonly usedJSHeapSize: number } };
  return memory?.usedJSHeapSize ?? null;
}

/** One for the page: a second policy of the name would be refused. */
const workerPolicy = createWorkerPolicy(
  (globalThis as { readonly trustedTypes?: TrustedTypesLike }).trustedTypes,
);

/** The address stands here whole, because that is what bundlers look for. */
function startWorker(): Worker {
  return startTrusted(
    () => new Worker(new URL("./engine-worker-entry.js", import.meta.url), { type: "module" }),
    workerPolicy,
  );
}

/** Name and major version, and no more: a whole user agent tells one person from another. */
function platformOf(userAgent: string): string {
  const [, name, version] = /(Firefox|Edg|Chrome|Version)\/(\d+)/.exec(userAgent) ?? [];
  return name === undefined ? "browser" : `browser ${name === "Version" ? "Safari" : name} ${version}`;
}
