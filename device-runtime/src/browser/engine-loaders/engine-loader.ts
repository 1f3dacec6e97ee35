import type { ServingEngine, Trainer } from "../../core/ports/engine.js";
import type { PaceThread } from "../../engines/training/training-pace.js";
import type { ProviderChoice } from "../providers/engine-provider.js";

/** What the page tells its engine before it starts. */
export interface EngineSettings {
  readonly numThreads: number;
  /** What was measured before; null to measure. */
  readonly provider: ProviderChoice | null;
}

/** What runs models: a part that serves and a part that trains. */
export interface Engine {
  readonly serving: ServingEngine;
  readonly trainer: Trainer;
  /** Null where there is nothing to choose from. */
  readonly provider: ProviderChoice | null;
}

/** Loads an engine whose trainer takes its steps on this thread. */
export type EngineLoader = (settings: EngineSettings, thread: TrainerThread) => Promise<Engine>;

/** What a trainer needs of the thread that it runs in. */
export type TrainerThread = Pick<PaceThread, "nowMs" | "yieldToOthers">;

/** What a trainer needs of a browser's thread. */
export function createBrowserThread(): PaceThread {
  return {
    nowMs: () => performance.now(),
    yieldToOthers: yieldingByMessages(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

/** A message waits behind those that have come; timers that follow each other browsers hold back by 4 ms. */
function yieldingByMessages(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = (): void => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
}
