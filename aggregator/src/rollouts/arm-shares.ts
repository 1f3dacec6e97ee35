import type { DeviceId } from "@fedge/protocol";
import { armOf } from "./arms.js";
import { changed, versionsOf, withTargets, type RolloutState, type Step } from "./rollout-state.js";
import { nextAttempt } from "./targets.js";

/**
 * Other shares: whoever falls into another arm, and is not in the middle of something, is told that arm's version. The
 * arms that gain devices need a new release first.
 */
export function withShares(state: RolloutState, shares: readonly number[], atMs: number): Step {
  const versions = versionsOf(state.config);
  const moved = [...state.targets.entries()].flatMap(([deviceId, target]) => {
    const version = versions[armOf(state.config.rolloutId, deviceId, shares)];
    const isStaying = version === undefined || version === target.version || target.isReplaced;
    if (isStaying || (target.state !== "committed" && target.state !== "queued")) return [];
    const again = target.state === "queued" ? target : nextAttempt(target);
    return [[deviceId, { ...again, version, changedAtMs: atMs }] as const];
  });
  const gaining = new Set(moved.map(([, { version }]) => version));
  const kept = Object.entries(state.counters).filter(([version]) => !gaining.has(Number(version)));
  const isNew = (deviceId: DeviceId): boolean => state.targets.get(deviceId)?.state !== "queued";
  const queue = [...state.queue, ...moved.map(([deviceId]) => deviceId).filter(isNew)];
  const next = {
    ...withTargets(state, moved),
    queue,
    shares,
    sharesAtMs: atMs,
    counters: Object.fromEntries(kept),
  };
  const effects = [...gaining].map(
    (version) => ({ type: "sign-release", purpose: "forward", version }) as const,
  );
  return changed(next, effects);
}
