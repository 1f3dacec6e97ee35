import type { RolloutPhase, RolloutState } from "./rollout-state.js";

const OVER: ReadonlySet<RolloutPhase> = new Set([
  "denied",
  "aborted",
  "completed",
  "rolled-back",
  "rollback-incomplete",
]);

export function isOver({ phase }: RolloutState): boolean {
  return OVER.has(phase);
}

/**
 * Versions whose blobs a rollout that is over still has to keep within reach, for devices that were told of them and may
 * come only now; null while it may tell anybody of any of its versions. What was promoted the whole fleet's release keeps.
 */
export function heldVersions(state: RolloutState): ReadonlySet<number> | null {
  if (!isOver(state) || state.queue.length > 0) return null;
  const held = new Set<number>();
  for (const [, target] of state.targets.entries()) {
    if (!target.wasTold || target.isReplaced) continue;
    const version = target.back === null ? target.version : state.fallbackVersion;
    const isFleets = state.isPromoted && state.phase === "completed" && version === state.config.version;
    if (version !== null && !isFleets) held.add(version);
  }
  return held;
}
