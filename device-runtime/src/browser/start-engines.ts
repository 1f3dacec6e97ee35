import { FedgeError } from "@fedge/protocol";
import type { Problem } from "../core/problems.js";
import type { EngineSettings } from "./engine-loaders/engine-loader.js";
import type { StartedEngine } from "./engine-worker-api.js";
import { EngineWorker, type WorkerLike } from "./engine-worker.js";

export interface Engines {
  readonly engine: StartedEngine;
  readonly serving: EngineWorker;
  readonly training: EngineWorker;
  readonly problems: readonly Problem[];
}

/**
 * One engine that serves and one that trains, in workers; where none starts, as under a policy that forbids them, in
 * the page's own thread, which is said among the problems. Throws ENGINE_UNAVAILABLE when neither starts.
 */
export async function startEngines(newWorker: () => WorkerLike, settings: EngineSettings): Promise<Engines> {
  try {
    return { ...(await started(newWorker, settings)), problems: [] };
  } catch (refused) {
    const reason = refused instanceof Error ? refused.message : String(refused);
    // Fetched only here: hardly any page forbids workers.
    const { startPageEngine } = await import("./page-engine.js");
    const engines = await started(startPageEngine, settings);
    const message = `no worker may start, so the page waits while the model computes: ${reason}`;
    return { ...engines, problems: [{ code: "ENGINE_UNAVAILABLE", message }] };
  }
}

async function started(
  newWorker: () => WorkerLike,
  settings: EngineSettings,
): Promise<Omit<Engines, "problems">> {
  const start = (): EngineWorker => new EngineWorker(guarded(newWorker), settings);
  const [serving, training] = [start(), start()];
  try {
    return { engine: await serving.start(), serving, training };
  } catch (error) {
    serving.close();
    training.close();
    throw error;
  }
}

/** A browser says by a throw, or by an event, that it starts no worker. */
function guarded(newWorker: () => WorkerLike): () => WorkerLike {
  return () => {
    try {
      return newWorker();
    } catch (cause) {
      throw new FedgeError("ENGINE_UNAVAILABLE", `the browser starts no worker: ${String(cause)}`, { cause });
    }
  };
}
