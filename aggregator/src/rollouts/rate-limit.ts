import type { RolloutState } from "./rollout-state.js";

const WINDOW_MS = 60_000;

/** Devices that may be told now: what the rate allows within a minute, less those told within the last one. */
export function numAllowed(state: RolloutState, atMs: number): number {
  const limit = ratePerMinute(state);
  if (limit === null) return Number.POSITIVE_INFINITY;
  const told = lately(state.toldLately, atMs).reduce((sum, entry) => sum + entry.numDevices, 0);
  return Math.max(0, limit - told);
}

/** Base, times the factor at every `growAt` committed devices, up to the maximum; null without a limit. */
export function ratePerMinute({ config, numCommitted }: RolloutState): number | null {
  if (config.rate === null) return null;
  const { basePerMinute, factor, growAt, maxPerMinute } = config.rate;
  const grown = basePerMinute * factor ** Math.floor(numCommitted / growAt);
  return Math.min(maxPerMinute, Math.floor(grown));
}

/** What still lies in the window that ends now. */
export function lately(told: RolloutState["toldLately"], atMs: number): RolloutState["toldLately"] {
  return told.filter((entry) => entry.atMs > atMs - WINDOW_MS);
}
