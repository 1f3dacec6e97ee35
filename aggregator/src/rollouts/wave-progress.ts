import { abort } from "./abort.js";
import { abortReason, installGate, isOverErrorThreshold, waveCounts } from "./install-gate.js";
import {
  changed,
  noted,
  unchanged,
  withWave,
  type RolloutEffect,
  type RolloutEvent,
  type RolloutState,
  type Step,
  type Wave,
} from "./rollout-state.js";
import type { InconclusivePolicy } from "./rollout-config.js";
import type { GateView, PauseReason } from "./rollout-view.js";

/*
 * One wave, while the rollout runs:
 *
 *   pending    --wave-opened-->            filling
 *   filling    --everyone told, install gate passes-->  soaking (nothing to soak or to look at: straight on)
 *   soaking    --time is over-->           analysing (no metric gates: straight on)
 *   analysing  --a look with only passes-->  waiting-promotion where it is manual, else passed
 *   filling | soaking | analysing --metric fails--> failed (rolls back, or pauses)
 *   any        --more errors than allowed--> failed; the rollout pauses, or rolls back where the gate says so
 *   filling | analysing --nothing decided by the deadline--> inconclusive: the rollout pauses, ends, or takes the estimates
 *   any        --neither passed nor failed in the wave's own time--> inconclusive, as above
 *   passed     --> the next wave opens, or the rollout is completed
 */

const SYSTEM = "system";

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

/** What follows by itself from the counts: thresholds, waves that are full, waves that are over. */
export function settled(state: RolloutState, atMs: number): Step {
  if (state.phase !== "running") return unchanged(state);
  const stopped = ended(state, atMs) ?? overThreshold(state, atMs);
  if (stopped !== null) return stopped;
  const index = state.currentWave;
  const wave = index === null ? undefined : state.waves[index];
  if (index === null || wave === undefined) return unchanged(state);
  const step = progressed(state, { index, wave, atMs });
  return step.isChanged ? step : overTime(state, { index, wave, atMs });
}

function progressed(state: RolloutState, { index, wave, atMs }: AtWave): Step {
  switch (wave.state) {
    case "filling":
      return filling(state, { index, wave, atMs });
    case "soaking":
      return wave.soaksUntilMs !== null && wave.soaksUntilMs <= atMs
        ? soaked(state, { index, wave, atMs })
        : unchanged(state);
    case "analysing":
      return analysing(state, { index, wave, atMs });
    default:
      return unchanged(state);
  }
}

/** Failures of the whole rollout that end it (R12): the queue is canceled, those in the middle of it go by `onAbort`. */
function ended(state: RolloutState, atMs: number): Step | null {
  const reason = abortReason(state.waves, state.config.gates.install);
  if (reason === null) return null;
  return abort(noted(state, { atMs, actor: SYSTEM, event: "abort", reason }), { atMs, reason });
}

const TIMED: ReadonlySet<Wave["state"]> = new Set(["filling", "soaking", "analysing"]);

/** The wave's own timer. It stands while devices wait for their window. */
function overTime(state: RolloutState, { index, wave, atMs }: AtWave): Step {
  const { waveTimeoutMs } = state.config.analysis;
  const isWaiting = !state.isWindowOpen && waveCounts(wave).numQueued > 0;
  const isCompared = isComparison(state) && index === state.waves.length - 1;
  if (waveTimeoutMs === undefined || wave.timedFromMs === null || isWaiting || isCompared)
    return unchanged(state);
  if (!TIMED.has(wave.state) || atMs < wave.timedFromMs + waveTimeoutMs) return unchanged(state);
  const gate = installGate(wave, state.config.gates.install, atMs);
  const gates = withGate(wave.gates, gate);
  const open = gates.find(({ verdict }) => verdict !== "pass");
  const what = open === undefined ? `it still is ${wave.state}` : `${open.gate}: ${open.reason}`;
  const reason = `it has neither passed nor failed within ${waveTimeoutMs / 1000} s; ${what}`;
  return inconclusive(state, { index, atMs, gates, reason });
}

interface AtWave {
  readonly index: number;
  readonly wave: Wave;
  readonly atMs: number;
}

/** Errors count also after their wave has passed (R4). */
function overThreshold(state: RolloutState, atMs: number): Step | null {
  const gate = state.config.gates.install;
  const index = state.waves.findIndex((wave) => wave.state !== "pending" && isOverErrorThreshold(wave, gate));
  const wave = state.waves[index];
  if (wave === undefined) return null;
  const verdict = installGate(wave, gate, atMs);
  const gates = withGate(wave.gates, verdict);
  const isCurrent = index === state.currentWave;
  const failed = withWave(state, index, isCurrent ? { gates, state: "failed" } : { gates });
  const name = state.config.waves[index]?.name ?? "";
  const reason = `wave "${name}": ${verdict.reason}`;
  if (gate.onErrors === "roll-back" && mayRollBack(state, index))
    return rollBack(failed, { atMs, actor: SYSTEM, reason });
  return changed(pausedBy(failed, { why: "error-threshold", reason, atMs }));
}

function filling(state: RolloutState, { index, wave, atMs }: AtWave): Step {
  if (waveCounts(wave).numQueued > 0)
    return wave.stalledSinceMs === null
      ? unchanged(state)
      : changed(withWave(state, index, { stalledSinceMs: null }));
  const gate = installGate(wave, state.config.gates.install, atMs);
  if (gate.verdict !== "pass") return waiting(state, { index, wave, atMs }, gate);
  const gates = withGate(wave.gates, gate);
  const isEmpty = waveCounts(wave).numTargets === 0;
  const soakMs = isEmpty || state.isReturn ? 0 : (state.config.waves[index]?.soakMs ?? 0);
  const soaksUntilMs = atMs + soakMs;
  const next = withWave(state, index, { gates, state: "soaking", soaksUntilMs, stalledSinceMs: null });
  const name = state.config.waves[index]?.name ?? "";
  const soaking = noted(next, {
    ...{ atMs, actor: SYSTEM },
    event: `wave ${index + 1} soaks`,
    reason: `wave "${name}": ${gate.reason}`,
  });
  if (soakMs > 0) return changed(soaking);
  const followed = soaked(soaking, { index, wave: soaking.waves[index] as Wave, atMs });
  return changed(followed.state, followed.effects);
}

/** Everyone is told and nobody is on the way, yet the gate does not pass: a matter of time, and then of a person. */
function waiting(state: RolloutState, { index, wave, atMs }: AtWave, gate: GateView): Step {
  const isStalled = waveCounts(wave).numMoving === 0;
  const stalledSinceMs = isStalled ? (wave.stalledSinceMs ?? atMs) : null;
  const next = withWave(state, index, { stalledSinceMs });
  if (stalledSinceMs !== null && atMs >= stalledSinceMs + state.config.analysis.deadlineMs)
    return inconclusive(next, { index, atMs, gates: withGate(wave.gates, gate), reason: gate.reason });
  return stalledSinceMs === wave.stalledSinceMs ? unchanged(state) : changed(next);
}

/** Undecided in time: neither success nor failure, and the plan says what then. */
function inconclusive(
  state: RolloutState,
  { index, atMs, gates, reason }: { index: number; atMs: number; gates: readonly GateView[]; reason: string },
): Step {
  if (isAcceptable(state, index, gates))
    return accepted(withWave(state, index, { gates }), { index, atMs, reason });
  const why = `wave "${state.config.waves[index]?.name ?? ""}" is undecided after its deadline: ${reason}`;
  const next = withWave(state, index, { gates, state: "inconclusive", stalledSinceMs: null });
  if (policyOf(state, index) !== "abort")
    return changed(pausedBy(next, { why: "inconclusive", reason: why, atMs }));
  return abort(noted(next, { atMs, actor: SYSTEM, event: "abort", reason: why }), { atMs, reason: why });
}

function policyOf({ config }: RolloutState, index: number): InconclusivePolicy {
  return config.waves[index]?.onInconclusive ?? config.analysis.onInconclusive ?? "pause";
}

function isAcceptable(state: RolloutState, index: number, gates: readonly GateView[]): boolean {
  return policyOf(state, index) === "accept-estimate" && gates.every(isWithinByEstimate);
}

function accepted(
  state: RolloutState,
  { index, atMs, reason }: { readonly index: number; readonly atMs: number; readonly reason: string },
): Step {
  const why = `the plan takes estimates within their limits for enough: ${reason}`;
  return gatesPassed(state, { index, atMs, reason: why });
}

/** Passed, or measured on both sides' least samples and not beyond the limit, though by chance it may be. */
function isWithinByEstimate({
  gate,
  verdict,
  value,
  limit,
  sample,
  controlSample,
  minSample,
}: GateView): boolean {
  if (verdict === "pass") return true;
  if (gate === "install" || verdict !== "inconclusive" || value === null || limit === null) return false;
  return value <= limit && sample >= minSample && controlSample >= minSample;
}

function soaked(state: RolloutState, { index, wave, atMs }: AtWave): Step {
  if (!hasMetricGates(state, wave)) return gatesPassed(state, { index, atMs });
  return changed(withWave(state, index, { state: "analysing" }), [{ type: "look", wave: index }]);
}

export function hasMetricGates(state: RolloutState, wave: Wave): boolean {
  const isEmpty = waveCounts(wave).numTargets === 0;
  return state.config.gates.metrics.length > 0 && !isEmpty && !state.isReturn;
}

function analysing(state: RolloutState, { index, wave, atMs }: AtWave): Step {
  if (isComparison(state) && index === state.waves.length - 1 && !hasMetricGates(state, wave))
    return unchanged(state);
  const { deadlineMs, estimateAfterMs = deadlineMs } = state.config.analysis;
  const sinceMs = atMs - (wave.soaksUntilMs ?? atMs);
  const undecided = wave.gates.find((gate) => gate.gate !== "install" && gate.verdict !== "pass");
  if (wave.lastLookAtMs === null || undecided === undefined) return unchanged(state);
  const reason = `${undecided.gate}: ${undecided.reason}`;
  if (sinceMs >= estimateAfterMs && isAcceptable(state, index, wave.gates))
    return accepted(state, { index, atMs, reason });
  return sinceMs >= deadlineMs
    ? inconclusive(state, { index, atMs, gates: wave.gates, reason })
    : unchanged(state);
}

/** Verdicts of one look at the metrics of the wave. Pass, fail, inconclusive and error are four different things. */
export function stepLooked(state: RolloutState, event: RolloutEvent & { readonly type: "looked" }): Step {
  const { wave: index, gates, atMs } = event;
  const wave = state.waves[index];
  if (wave === undefined || index !== state.currentWave || state.phase !== "running") return unchanged(state);
  if (wave.state !== "filling" && wave.state !== "soaking" && wave.state !== "analysing")
    return unchanged(state);
  const failed = gates.find((gate) => gate.verdict === "fail");
  const broken = gates.find((gate) => gate.verdict === "error");
  const numFailures = wave.numFailures + Number(failed !== undefined);
  const numErrors = broken === undefined ? 0 : wave.numErrors + 1;
  const all = gates.reduce<readonly GateView[]>(withGate, wave.gates);
  const looked = withWave(state, index, { gates: all, numFailures, numErrors, lastLookAtMs: atMs });
  const { failureLimit, errorLimit } = state.config.analysis;
  if (failed !== undefined && numFailures > failureLimit)
    return metricFailed(looked, { index, gate: failed, atMs });
  if (broken !== undefined && numErrors > errorLimit) {
    const reason = `${broken.gate} could not be measured ${numErrors} times in succession: ${broken.reason}`;
    return changed(pausedBy(looked, { why: "metric-error", reason, atMs }));
  }
  const hasPassed = gates.every((gate) => gate.verdict === "pass");
  if (hasPassed && wave.state === "analysing") {
    const passed = gatesPassed(looked, { index, atMs });
    return changed(passed.state, passed.effects);
  }
  const after = settled(looked, atMs);
  return changed(after.state, after.effects);
}

/** Small exposures go back by themselves; a larger one waits for a person. */
function metricFailed(
  state: RolloutState,
  { index, gate, atMs }: { readonly index: number; readonly gate: GateView; readonly atMs: number },
): Step {
  const failed = withWave(state, index, { state: "failed", endedAtMs: atMs });
  const segment = gate.segment === null ? "" : ` (${gate.segment})`;
  const name = state.config.waves[index]?.name ?? "";
  const reason = `wave "${name}", ${gate.gate}${segment}: ${gate.reason}`;
  if (mayRollBack(state, index)) return rollBack(failed, { atMs, actor: SYSTEM, reason });
  return changed(pausedBy(failed, { why: "metric-failed", reason, atMs }));
}

/** Whether a failure of the wave brings the devices back without a person. */
function mayRollBack(state: RolloutState, index: number): boolean {
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

function isComparison({ config }: RolloutState): boolean {
  return config.kind !== "release";
}

/** The gates of the wave are through: a person's turn, the next wave's, or the end. */
function gatesPassed(
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
function withGate(gates: readonly GateView[], gate: GateView): readonly GateView[] {
  const others = gates.filter((each) => each.gate !== gate.gate || each.segment !== gate.segment);
  return [...others, gate];
}
