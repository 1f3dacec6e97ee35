import { setTimeout as sleep } from "node:timers/promises";
import { errorCodeOf, type ErrorCode } from "@fedge/protocol";
import type { RolloutBody } from "../../http/schema/rollout-schema.js";
import type { RolloutState } from "../../rollouts/rollout-view.js";

/** States in which nothing happens any more without a person. */
const FINAL: ReadonlySet<RolloutState> = new Set([
  "denied",
  "aborted",
  "completed",
  "rolled-back",
  "rollback-incomplete",
]);

/** A server that restarts; the rollout goes on, so that watching does. */
const PASSING: ReadonlySet<ErrorCode> = new Set(["SERVER_UNREACHABLE", "DEADLINE_EXCEEDED", "CLOSED"]);

export interface Watcher {
  read(): Promise<RolloutBody>;
  /** Resolves after the interval, or at once when watching should end. */
  wait(): Promise<void>;
  isEnded(): boolean;
  show(rollout: RolloutBody): void;
  /** The server does not answer any more; said once until it does. */
  lost(error: unknown): void;
}

/**
 * Shows a rollout now and whenever it has changed, until it is at an end: then the last view. Null when watching was
 * ended before. Throws what the first reading throws, and later what does not pass by itself.
 */
export async function watchRollout(watcher: Watcher): Promise<RolloutBody | null> {
  let shown: RolloutBody | null = null;
  let isLost = false;
  while (!watcher.isEnded()) {
    try {
      const rollout = await watcher.read();
      isLost = false;
      if (shown === null || differs(shown, rollout)) watcher.show(rollout);
      shown = rollout;
      if (FINAL.has(rollout.state)) return rollout;
    } catch (error) {
      if (shown === null || !PASSING.has(errorCodeOf(error))) throw error;
      if (!isLost) watcher.lost(error);
      isLost = true;
    }
    await watcher.wait();
  }
  return null;
}

/** More than the revision: counts and gates change with what devices report. */
function differs(before: RolloutBody, after: RolloutBody): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}

/** A pause that ends early with the signal. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
