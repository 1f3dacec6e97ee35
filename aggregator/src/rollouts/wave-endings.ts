import {
  changed,
  noted,
  unchanged,
  withWave,
  type RolloutEffect,
  type RolloutState,
  type Step,
} from "./rollout-state.js";
import type { GateView, PauseReason } from "./rollout-view.js";

/* What a wave can end in: the next one, the end of the rollout, a pause, or the way back. */

/** Who acts where no person does. */
export const SYSTEM = "system";

export function pausedBy(
  state: RolloutState,
  { why, reason, atMs, actor = SYSTEM }: PauseFacts,
): RolloutState {
  const next = { ...state, phase: "paused", pauseReason: why, reason } as const;
  return noted(next, { atMs, actor, event: `paused: ${why}`, reason });
}

interface PauseFacts {
  readonly why: PauseReason;
  readonly reason: string;
  readonly atMs: number;
  readonly actor?: string;
}

/** Whether a failure of the wave brings the devices back without a person. */
export function mayRollBack(state: RolloutState, index: number): boolean {
  return state.fallbackVersion !== null && exposedPercent(state, index) <= state.config.rollBackUpToPercent;
}

/** The wave's own share, or that of the matching devices that were told: an internal wave is a small one. */
function exposedPercent(state: RolloutState, index: number): number {
  const percent = state.config.waves[index]?.percent ?? 100;
  if (state.numMatching === 0) return percent;
  let numTold = 0;
  for (const [, target] of state.targets.entries()) numTold += Number(target.wasTold);
  return Math.min(percent, (100 * numTold) / state.numMatching);
}

/** Every device that was told goes back; the release that says so is recorded first. */
export function rollBack(
  state: RolloutState,
  { atMs, actor, reason }: { readonly atMs: number; readonly actor: string; readonly reason: string },
): Step {
  const version = state.fallbackVersion;
  if (version === null) return unchanged(state);
  const next = noted(
    { ...state, phase: "rolling-back", pauseReason: null, reason },
    { atMs, actor, event: "rolling back", reason },
  );
  return changed(next, [{ type: "sign-release", purpose: "back", version }]);
}

export function isComparison({ config }: RolloutState): boolean {
  return config.kind !== "release";
}

/** The gates of the wave are through: a person's turn, the next wave's, or the end. */
export function gatesPassed(
  state: RolloutState,
  { index, atMs, reason = "its gates have passed" }: { index: number; atMs: number; reason?: string },
): Step {
  const isManual = state.config.waves[index]?.isManual === true;
  if (!isManual) return passedWave(state, { index, atMs, actor: SYSTEM, reason });
  const next = withWave(state, index, { state: "waiting-promotion" });
  const event = `wave ${index + 1} waits for promotion`;
  return changed(noted(next, { atMs, actor: SYSTEM, event, reason: `${reason}; a person promotes it` }));
}

/** The wave is over. The next one's devices are found by who executes the effect; a comparison ends at its horizon. */
export function passedWave(
  state: RolloutState,
  { index, atMs, actor, reason }: { index: number; atMs: number; actor: string; reason: string },
): Step {
  const isLast = index === state.waves.length - 1;
  if (isLast && isComparison(state) && actor === SYSTEM)
    return changed(withWave(state, index, { state: "analysing" }), [{ type: "compare" }]);
  const passed = noted(withWave(state, index, { state: "passed", endedAtMs: atMs, stalledSinceMs: null }), {
    ...{ atMs, actor, reason },
    event: `wave ${index + 1} passed`,
  });
  if (isLast) return completed(passed, atMs);
  return changed({ ...passed, currentWave: index + 1 }, [{ type: "open-wave", wave: index + 1 }]);
}

/** What reaches every device becomes what the fleet runs; a part of it keeps its own release. */
export function completed(state: RolloutState, atMs: number): Step {
  const isWhole = state.config.filter === "" && state.config.kind === "release";
  const last = state.config.waves.at(-1);
  // Devices that a better rollout holds are not this one's to promote.
  const hasAll = state.targets.size >= state.numMatching;
  const isPromoted = isWhole && hasAll && last?.percent === 100 && last.filter === undefined;
  const reason = "every wave has passed";
  const next = noted(
    { ...state, phase: "completed", reason, isPromoted },
    {
      ...{ atMs, actor: SYSTEM, reason },
      event: "completed",
    },
  );
  const effects: RolloutEffect[] = isPromoted ? [{ type: "promote", purpose: "forward" }] : [];
  return changed(next, effects);
}

/** Whoever was told keeps the gates' newest verdicts, one for each metric and segment. */
export function withGate(gates: readonly GateView[], gate: GateView): readonly GateView[] {
  const others = gates.filter((each) => each.gate !== gate.gate || each.segment !== gate.segment);
  return [...others, gate];
}
