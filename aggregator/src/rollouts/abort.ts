import { waveCounts } from "./install-gate.js";
import { changed, isInFlight, noted, unchanged, type RolloutState, type Step } from "./rollout-state.js";
import { withdrawn } from "./targets.js";

/**
 * Nobody new begins. Devices that were told and not heard of are told the old version again, so that they do not install
 * what was aborted when they come back; those in the middle of it finish or are called back, as the rollout says.
 */
export function abort(
  state: RolloutState,
  { atMs, reason }: { readonly atMs: number; readonly reason: string },
): Step {
  const asides = { atMs, as: "canceled" } as const;
  const waiting = withdrawn(state, ({ state: now }) => now === "queued", asides);
  const next = { ...waiting.state, queue: [], phase: "aborting", pauseReason: null, reason } as const;
  if (state.config.kind === "shadow") {
    const everyone = withdrawn(next, isInFlight, asides);
    return changed({ ...next, ...everyone.state });
  }
  const version = state.fallbackVersion;
  if (version === null || callBacks(next).length === 0) return changed(next);
  return changed(next, [{ type: "sign-release", purpose: "back", version }]);
}

/** Whom an abort calls back. */
export function callBacks(state: RolloutState) {
  return [...state.targets.entries()].filter(
    ([, target]) => isInFlight(target) && (!target.isReached || state.config.onAbort === "cancel"),
  );
}

/** The release that leads back has its number: whom it concerns is told. */
export function calledBack(state: RolloutState, atMs: number): Step {
  const devices = callBacks(state).map(([deviceId]) => deviceId);
  const unheard = withdrawn(state, (target) => target.state === "told" && !target.isReached, {
    ...{ atMs, as: "canceled" },
  });
  return changed(unheard.state, [{ type: "tell-back", devices }]);
}

/** Aborted once nobody is in the middle of it. */
export function aborted(state: RolloutState, atMs: number): Step {
  const numInFlight = state.waves.reduce((sum, wave) => sum + waveCounts(wave).numInFlight, 0);
  if (state.phase !== "aborting" || numInFlight > 0) return unchanged(state);
  const next = { ...state, phase: "aborted" } as const;
  const reason = "no device is in the middle of it any more";
  return changed(noted(next, { atMs, actor: "system", event: "aborted", reason }));
}
