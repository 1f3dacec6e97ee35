import type { ByteStore } from "../core/ports/storage.js";
import type { Clock } from "../core/ports/clock.js";
import { RUNTIME_VERSION } from "../core/installs/installer.js";
import { threadCount } from "./engine-loaders/thread-count.js";
import type { WorkerLike } from "./engine-worker.js";
import { encodeChoice, rememberedChoice } from "./providers/engine-provider.js";
import { startEngines, type Engines } from "./start-engines.js";

const KEY = "engine/provider";

export interface RememberedParts {
  readonly newWorker: () => WorkerLike;
  readonly store: Pick<ByteStore, "get" | "put">;
  readonly clock: Clock;
  /** Name and major version of the browser. */
  readonly browser: string;
}

/**
 * Starts the engines with as many threads as the page may have, and with the provider that was measured before on the
 * same runtime and browser; what is measured now is remembered. Throws as `startEngines` does.
 */
export async function startRememberedEngines({
  newWorker,
  store,
  clock,
  browser,
}: RememberedParts): Promise<Engines> {
  const measuredOn = `${RUNTIME_VERSION} ${browser}`;
  // A store that does not read costs a measurement; whoever needs it says what is wrong.
  const kept = await store.get(KEY).catch(() => undefined);
  const provider = rememberedChoice(kept, measuredOn, clock.nowMs());
  const numThreads = threadCount(globalThis.crossOriginIsolated, navigator.hardwareConcurrency);
  const engines = await startEngines(newWorker, { numThreads, provider });
  const measured = engines.engine.provider;
  // What cannot be kept is measured again.
  if (provider === null && measured !== null)
    await store.put(KEY, encodeChoice(measured, measuredOn, clock.nowMs())).catch(() => undefined);
  return engines;
}
