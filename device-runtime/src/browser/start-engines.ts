import { FedgeError } from "@fedge/protocol";
import type { Problem } from "../core/problems.js";
import { EngineWorker, type WorkerLike } from "./engine-worker.js";
import { startPageEngine } from "./page-engine.js";

export interface Engines {
  /** Name and version of the runtime. */
  readonly name: string;
  readonly serving: EngineWorker;
  readonly training: EngineWorker;
  readonly problems: readonly Problem[];
}

/**
 * One engine that serves and one that trains, in workers; where none starts, as under a policy that forbids them, in
 * the page's own thread, which is said among the problems. Throws ENGINE_UNAVAILABLE when neither starts.
 */
export async function startEngines(newWorker: () => WorkerLike): Promise<Engines> {
  try {
    return { ...(await started(newWorker)), problems: [] };
  } catch (refused) {
    const reason = refused instanceof Error ? refused.message : String(refused);
    const engines = await started(startPageEngine);
    const message = `no worker may start, so the page waits while the model computes: ${reason}`;
    return { ...engines, problems: [{ code: "ENGINE_UNAVAILABLE", message }] };
  }
}

async function started(newWorker: () => WorkerLike): Promise<Omit<Engines, "problems">> {
  const [serving, training] = [new EngineWorker(guarded(newWorker)), new EngineWorker(guarded(newWorker))];
  try {
    return { name: await serving.start(), serving, training };
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
