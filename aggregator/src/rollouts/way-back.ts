import type { DeviceId } from "@fedge/protocol";
import {
  changed,
  isFinal,
  noted,
  unchanged,
  withTargets,
  type RolloutEffect,
  type RolloutState,
  type Step,
  type Target,
} from "./rollout-state.js";

const NO_DEADLINE = { deadlineAtMs: null, stepDeadlineAtMs: null } as const;

/** The release that leads back has its number: everyone who was told is told it, and nobody else. */
export function toldBack(state: RolloutState, atMs: number): Step {
  const entries: (readonly [DeviceId, Target])[] = [];
  for (const [deviceId, target] of state.targets.entries()) {
    const ended: Target = isFinal(target) ? target : { ...target, state: "canceled", changedAtMs: atMs };
    const next: Target = { ...ended, isReached: isFinal(target) && target.isReached, ...NO_DEADLINE };
    if (target.wasTold && !target.isReplaced) entries.push([deviceId, { ...next, back: "told" }]);
    else if (!isFinal(target)) entries.push([deviceId, next]);
  }
  const devices = entries.filter(([, target]) => target.back === "told").map(([deviceId]) => deviceId);
  const backDeadlineAtMs = atMs + state.config.inProgressTimeoutMs;
  const next = { ...withTargets(state, entries), queue: [], backDeadlineAtMs };
  const ended = settledBack(next, atMs);
  const effects: RolloutEffect[] = [{ type: "tell-back", devices }];
  if (state.isPromoted) effects.push({ type: "promote", purpose: "back" });
  return changed(ended.state, effects);
}

/** Rolled back when everyone has arrived, also after the deadline; incomplete when some have not by then. */
export function settledBack(state: RolloutState, atMs: number): Step {
  const { told, done, failed } = state.backCounts;
  if (state.backDeadlineAtMs === null) return unchanged(state);
  if (state.phase !== "rolling-back" && state.phase !== "rollback-incomplete") return unchanged(state);
  if (told + failed === 0) return changed(arrived(state, { atMs, numDevices: done }));
  const isOver = told === 0 || atMs >= state.backDeadlineAtMs;
  if (!isOver || state.phase === "rollback-incomplete") return unchanged(state);
  const reason = `${done} devices are back; ${told} were not heard of in time and ${failed} could not go back`;
  const next = { ...state, phase: "rollback-incomplete", waves: backWaves(state) } as const;
  return changed(noted(next, { atMs, actor: "system", event: "rollback incomplete", reason }));
}

function arrived(
  state: RolloutState,
  { atMs, numDevices }: { readonly atMs: number; readonly numDevices: number },
): RolloutState {
  const reason = `${numDevices} devices are back on version ${state.fallbackVersion}`;
  const next = { ...state, phase: "rolled-back", waves: backWaves(state) } as const;
  return noted(next, { atMs, actor: "system", event: "rolled back", reason });
}

function backWaves(state: RolloutState): RolloutState["waves"] {
  return state.waves.map((wave) => (wave.state === "pending" ? wave : { ...wave, state: "rolled-back" }));
}
