import { heldVersions, isOver } from "./held-versions.js";
import { hasShadowEnded } from "./rollout-effects.js";
import { isInFlight, type RolloutState } from "./rollout-state.js";

/** Nothing of the rollout is under way: it is over, and no device is told, installs or waits for its turn. */
export function isAtRest(state: RolloutState): boolean {
  if (!isOver(state) || state.queue.length > 0 || state.backCounts.told > 0) return false;
  return state.waves.every(({ byState }) => !byState.told && !byState.installing && !byState.probation);
}

/**
 * At rest for good: whatever devices say changes nothing of it, and no device is to be told anything in its name, so that
 * a start needs neither its devices nor its journal. A person's order wakes it up.
 */
export function isRetired(state: RolloutState): boolean {
  if (!isAtRest(state)) return false;
  // Newcomers still join what has reached only a part of the fleet.
  if (state.phase === "completed" && !state.isPromoted && !state.isDeleted) return false;
  if (hasShadowEnded(state)) return true;
  for (const [, target] of state.targets.entries())
    if (isInFlight(target) || (target.wasTold && !target.isReplaced)) return false;
  return heldVersions(state) !== null;
}
