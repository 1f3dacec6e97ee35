import { createRandom } from "@fedge/protocol";
import { modelsOf, type AppOptions } from "../core/app-options.js";
import { closingAfter } from "../core/closing-after.js";
import { createDevice as createCoreDevice } from "../core/device.js";
import type { Device } from "../core/device-interface.js";
import type { HostConditions } from "../core/ports/application.js";
import { createHttpIdentity } from "../identity/http-identity.js";
import { createMqttTransport } from "../mqtt/mqtt-transport.js";
import { watchPage } from "./conditions/page-conditions.js";
import { openDeviceDatabase, type DeviceDatabase } from "./database.js";
import { EngineWorker } from "./engine-worker.js";
import { createIndexedDbBlobs, createIndexedDbValues } from "./indexed-db-stores.js";
import { createSystemClock } from "../clock/system-clock.js";
import { eraseWebDeviceKey, openWebDeviceKey } from "./web-device-key.js";
import { webDigest } from "./web-digest.js";
import { createLockLeadership } from "./tabs/leadership.js";
import { joinDevice, type BrowserDevice } from "./tabs/shared-device.js";
import { openTabLine } from "./tabs/tab-messages.js";
import { createWorkerServing, createWorkerTrainer } from "./worker-engines.js";

/** A hidden page is woken once a minute: with less it would be given up for asleep. */
const KEEPALIVE_SECONDS = 120;

/** What an app in a page decides. */
export interface BrowserDeviceOptions extends AppOptions {
  /** When the device may train; by default while it charges, unmetered and not in use (`watchPage`). */
  readonly conditions?: HostConditions;
  /** Names the database; one device for each name and origin. `fedge` by default. */
  readonly databaseName?: string;
  /** Starts the engines' worker, for an app that bundles `@fedge/device-runtime/browser/engine-worker` itself. */
  readonly newWorker?: () => Worker;
}

/**
 * A device in a page: ONNX in two workers, one that serves and one that trains, MQTT over WebSocket, IndexedDB. All
 * tabs of the origin are one device: one of them leads, the others serve through it, and the next takes over.
 *
 * Throws STORAGE_FAILED where the browser keeps nothing, ENGINE_UNAVAILABLE where no engine starts or the page is not
 * secure, and OPTION_INVALID. A server that cannot be reached is not an error: what is installed serves.
 */
export async function createDevice(options: BrowserDeviceOptions): Promise<BrowserDevice> {
  const models = modelsOf(options);
  const name = options.databaseName ?? "fedge";
  return joinDevice({
    models,
    consent: options.consent ?? {},
    clock: createSystemClock(),
    // Missing in a page that is not secure, whatever the type says.
    leadership: createLockLeadership(name, navigator.locks as LockManager | undefined),
    line: openTabLine(name),
    tab: crypto.randomUUID(),
    open: (consent) => openLeader({ ...options, consent }, name),
  });
}

async function openLeader(options: BrowserDeviceOptions, name: string): Promise<Device> {
  const newWorker = options.newWorker ?? startWorker;
  const workers = { serving: new EngineWorker(newWorker), training: new EngineWorker(newWorker) };
  const watched = watchPage(window, createSystemClock());
  const opened: { database?: DeviceDatabase } = {};
  const free = (): void => {
    workers.serving.close();
    watched.close();
    opened.database?.close();
  };
  try {
    opened.database = await openDeviceDatabase(name);
    const engine = await workers.serving.start();
    const conditions = options.conditions ?? watched;
    const parts = { database: opened.database, engine, workers, conditions };
    return closingAfter(await openDevice(options, parts), free);
  } catch (error) {
    free();
    throw error;
  }
}

interface Parts {
  readonly database: DeviceDatabase;
  readonly engine: string;
  readonly workers: { readonly serving: EngineWorker; readonly training: EngineWorker };
  readonly conditions: HostConditions;
}

async function openDevice(
  options: BrowserDeviceOptions,
  { database, engine, workers, conditions }: Parts,
): Promise<Device> {
  const { server, enrolmentKey } = options;
  const clock = createSystemClock();
  const key = await openWebDeviceKey(database);
  return createCoreDevice(
    {
      ...{ clock, digest: webDigest },
      transport: createMqttTransport({ keepaliveSeconds: KEEPALIVE_SECONDS }),
      random: createRandom(crypto.randomUUID()),
      store: createIndexedDbValues(database),
      blobs: createIndexedDbBlobs(database),
      identity: createHttpIdentity({
        ...{ server, key, clock, useWebSocket: true },
        eraseKey: () => eraseWebDeviceKey(database),
        ...(enrolmentKey === undefined ? {} : { enrolmentKey }),
      }),
      serving: createWorkerServing(workers.serving, engine),
      trainer: createWorkerTrainer(workers.training),
      conditions,
      trainingData: options.trainingData ?? {},
      newStop: () => new AbortController(),
    },
    {
      models: modelsOf(options),
      consent: options.consent ?? {},
      platform: platformOf(navigator.userAgent),
      ...(options.featureLog === undefined ? {} : { featureLog: options.featureLog }),
    },
  );
}

/** The address stands here whole, because that is what bundlers look for. */
function startWorker(): Worker {
  return new Worker(new URL("./engine-worker-entry.js", import.meta.url), { type: "module" });
}

/** Name and major version, and no more: a whole user agent tells one person from another. */
function platformOf(userAgent: string): string {
  const [, name, version] = /(Firefox|Edg|Chrome|Version)\/(\d+)/.exec(userAgent) ?? [];
  return name === undefined ? "browser" : `browser ${name === "Version" ? "Safari" : name} ${version}`;
}
