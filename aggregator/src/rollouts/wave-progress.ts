import { abort } from "./abort.js";
import { abortReason, installGate, isOverErrorThreshold, waveCounts } from "./install-gate.js";
import {
  changed,
  noted,
  unchanged,
  withWave,
  type RolloutEvent,
  type RolloutState,
  type Step,
  type Wave,
} from "./rollout-state.js";
import type { InconclusivePolicy } from "./rollout-config.js";
import type { GateView } from "./rollout-view.js";
import {
  SYSTEM,
  gatesPassed,
  isComparison,
  mayRollBack,
  pausedBy,
  rollBack,
  withGate,
} from "./wave-endings.js";

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
