import { aborted, callBacks, calledBack } from "./abort.js";
import { withCalendar } from "./calendar.js";
import { begin, releaseEffects, stepCommand } from "./commands.js";
import {
  changed,
  createdRollout,
  noted,
  unchanged,
  versionsOf,
  withWave,
  EMPTY_WAVE,
  type RolloutEffect,
  type RolloutEvent,
  type RolloutState,
  type Step,
} from "./rollout-state.js";
import {
  enqueued,
  stepMembers,
  stepReplaced,
  stepReported,
  stepSeen,
  withTimeouts,
  withTold,
} from "./targets.js";
import { withShares } from "./arm-shares.js";
import { completed } from "./wave-endings.js";
import { hasMetricGates, settled, stepLooked } from "./wave-progress.js";
import { settledBack, toldBack } from "./way-back.js";

/*
 * One rollout.
 *
 *   phase                event             next phase        what happens
 *   waiting-approval     approve / deny    ready / denied    by somebody else than the creator
 *   any not started      edited            as new            an approval is void
 *   ready                start             running           the release is recorded, then the first wave opens
 *                                          scheduled         when its time has not come
 *   scheduled            tick              running           at its time
 *   running              wave-opened       running           the wave's devices queue up
 *   running, completed   tick              running           as many as rate and calendar allow are told
 *   running              reported, looked  paused            too many errors, metric failed or unmeasurable, undecided
 *                                          rolling-back      a metric failed while few were exposed
 *                                          completed         the last wave has passed
 *   running              pause             paused            devices under way go on, nobody new begins
 *   paused               resume, promote   running
 *   running, paused      abort             aborting          queued devices are canceled
 *   scheduled, running   tick              aborting, paused  the schedule has lapsed, and devices have never started
 *   aborting             reported, tick    aborted           nobody is in the middle of it
 *   started, not over    rollback          rolling-back      the release that leads back is recorded, everyone told hears it
 *   rolling-back         reported, tick    rolled-back       everyone is back
 *                                          rollback-incomplete   somebody is not by the deadline; he still may come
 *   otherwise            any               unchanged
 *
 * Waves stand in wave-progress.ts, devices in targets.ts, the way back in way-back.ts.
 *
 * Invariants, by which the tests are named:
 *   I3 no more devices were told than the waves opened so far hold
 *   I4 while it does not run, no device leaves `queued` to be told
 *   I5 a device's state that is final never changes; a retry is a new attempt
 *   I6 a wave's counts are the sums over its devices
 *   I7 every change of the rollout or a wave has an actor, a reason and a time in the history
 *   I8 a device that works on it has a deadline; a wave that nobody works on has one too
 *   I9 replaying the journal gives the same state
 */

/** The first event makes the state; `stepRollout` goes on from there. */
export function openRollout(event: RolloutEvent & { readonly type: "created" }): RolloutState {
  return createdRollout(event);
}

/** The next state and what to do once the event is durable. Pure. */
export function stepRollout(state: RolloutState, event: RolloutEvent): Step {
  const step = stepEvent(state, event);
  if (!step.isChanged) return step;
  return followed(step, event.atMs);
}

/** What the new counts mean for waves, an abort or a way back. */
function followed(step: Step, atMs: number): Step {
  let { state } = step;
  const effects = [...step.effects];
  for (const follow of [settled, settledAbort, settledBack]) {
    const after = follow(state, atMs);
    state = after.state;
    effects.push(...after.effects);
  }
  return { state, effects, isChanged: true };
}

function settledAbort(state: RolloutState, atMs: number): Step {
  return state.phase === "aborting" ? aborted(state, atMs) : unchanged(state);
}

function stepEvent(state: RolloutState, event: RolloutEvent): Step {
  switch (event.type) {
    case "created":
      return unchanged(state);
    case "edited":
      return edit(state, event);
    case "deleted": {
      const next = noted(state, { ...event, event: "deleted", reason: "hidden from lists" });
      return changed({ ...next, isDeleted: true });
    }
    case "command":
      return stepCommand(state, event);
    case "tick":
      return tick(state, event);
    case "wave-opened":
      return openWave(state, event);
    case "members-changed":
      return stepMembers(state, event);
    case "reported":
      return stepReported(state, event);
    case "seen":
      return stepSeen(state, event);
    case "released":
      return released(state, event);
    case "looked":
      return stepLooked(state, event);
    case "compared":
      return compared(state, event);
    case "replaced":
      return stepReplaced(state, event);
  }
}

const NOT_STARTED = new Set(["draft", "waiting-approval", "denied", "ready", "scheduled"]);

export function isStarted({ phase }: RolloutState): boolean {
  return !NOT_STARTED.has(phase);
}

/** Another plan is another thing to approve. */
function edit(state: RolloutState, event: RolloutEvent & { readonly type: "edited" }): Step {
  if (isStarted(state)) return unchanged(state);
  const { config, atMs, actor, isReturn = false } = event;
  const phase = config.needsApproval ? "waiting-approval" : "ready";
  const reason = config.needsApproval ? "waits for somebody else's approval" : "waits to be started";
  const waves = config.waves.map(() => EMPTY_WAVE);
  const shares = versionsOf(config).map((_, __, all) => 1 / all.length);
  const next = {
    ...state,
    config,
    phase,
    reason,
    waves,
    shares,
    isReturn,
    approvedBy: null,
    createdBy: actor,
  } as const;
  return changed(noted(next, { atMs, actor, event: "edited", reason: config.note }));
}

function openWave(state: RolloutState, event: RolloutEvent & { readonly type: "wave-opened" }): Step {
  const { wave, devices, numMatching, atMs } = event;
  if (state.currentWave !== wave || state.waves[wave]?.state !== "pending") return unchanged(state);
  if (state.phase !== "running" && state.phase !== "paused") return unchanged(state);
  const opened = withWave(state, wave, { state: "filling", startedAtMs: atMs, timedFromMs: atMs });
  const filled = { ...enqueued(opened, devices, { wave, atMs }), numMatching };
  const name = state.config.waves[wave]?.name ?? "";
  const reason = `"${name}": ${filled.targets.size - state.targets.size} new devices of ${numMatching} that match`;
  return changed(noted(filled, { atMs, actor: "system", event: `wave ${wave + 1} opened`, reason }));
}

function released(state: RolloutState, event: RolloutEvent & { readonly type: "released" }): Step {
  const { purpose, version, releaseCounter, atMs } = event;
  if (purpose === "back") {
    const known = { ...state, backCounter: releaseCounter };
    if (state.phase === "aborting") return calledBack(known, atMs);
    return state.phase === "rolling-back" ? toldBack(known, atMs) : unchanged(state);
  }
  if (state.counters[version] !== undefined) return unchanged(state);
  const known = { ...state, counters: { ...state.counters, [version]: releaseCounter } };
  const isWhole = versionsOf(state.config).every((each) => known.counters[each] !== undefined);
  if (!isWhole || state.currentWave !== null) return changed(known);
  return changed({ ...known, currentWave: 0 }, [{ type: "open-wave", wave: 0 }]);
}

/** Everything that only time brings about. */
function tick(state: RolloutState, event: RolloutEvent & { readonly type: "tick" }): Step {
  const { atMs, isWindowOpen, isLapsed = false } = event;
  const { startAtMs } = state.config.schedule;
  const dated = withCalendar(state, event);
  if (dated.state.phase !== state.phase) return dated;
  if (state.phase === "scheduled" && startAtMs !== null && startAtMs <= atMs) {
    const note = { atMs, actor: "system", event: "started", reason: "its time has come" };
    return begin(noted(state, note), atMs);
  }
  const late = withTimeouts(dated.state, atMs);
  const mayTell = isWindowOpen && !isLapsed && (state.phase === "running" || state.phase === "completed");
  const told = mayTell ? withTold(late.state, atMs) : unchanged(late.state);
  const passed = followed({ ...told, effects: [...told.effects, ...looks(told.state, atMs)] }, atMs);
  const isChanged = dated.isChanged || late.isChanged || told.isChanged || passed.state !== told.state;
  return { ...passed, isChanged };
}

/** Metrics are looked at from the first device on that runs the version: a bad one need not finish its soak. */
function looks(state: RolloutState, atMs: number): readonly RolloutEffect[] {
  const index = state.currentWave;
  const wave = index === null ? undefined : state.waves[index];
  if (state.phase !== "running" || index === null || wave === undefined) return [];
  const { intervalMs } = state.config.analysis;
  const isComparisonDue = state.comparedAtMs === null || atMs >= state.comparedAtMs + intervalMs;
  const isComparing = state.config.kind !== "release" && state.numCommitted > 0 && isComparisonDue;
  const compare: readonly RolloutEffect[] = isComparing ? [{ type: "compare" }] : [];
  const isOpen = wave.state === "filling" || wave.state === "soaking" || wave.state === "analysing";
  const isDue = wave.lastLookAtMs === null || atMs >= wave.lastLookAtMs + intervalMs;
  if (!isOpen || !isDue || !hasMetricGates(state, wave) || (wave.byState.committed ?? 0) === 0)
    return compare;
  return [...compare, { type: "look", wave: index }];
}

/** A comparison's numbers; only a decision, at the horizon that was stated, ends it. */
function compared(state: RolloutState, event: RolloutEvent & { readonly type: "compared" }): Step {
  const { comparison, shares, isDecided, atMs } = event;
  if (state.phase !== "running") return unchanged(state);
  const next = { ...state, comparison, comparedAtMs: atMs };
  const isMoved = shares.some((share, arm) => Math.abs(share - (state.shares[arm] ?? 0)) > 1e-9);
  if (!isDecided) return isMoved ? withShares(next, shares, atMs) : changed(next);
  const index = state.currentWave ?? 0;
  const ended = withWave(next, index, { state: "passed", endedAtMs: atMs });
  return completed({ ...ended, reason: comparison.verdict }, atMs);
}

/** What a restarted server does first for a rollout: whatever may not have been done after the last event. */
export function resumeEffects(state: RolloutState): readonly RolloutEffect[] {
  const wave = state.currentWave;
  const isUnopened = wave !== null && state.waves[wave]?.state === "pending";
  if (state.phase === "running" || state.phase === "paused") {
    return [...releaseEffects(state), ...(isUnopened ? [{ type: "open-wave", wave } as const] : [])];
  }
  const isWaiting = state.backCounter === null && state.fallbackVersion !== null;
  if (
    isWaiting &&
    (state.phase === "rolling-back" || (state.phase === "aborting" && callBacks(state).length > 0))
  )
    return [{ type: "sign-release", purpose: "back", version: state.fallbackVersion }];
  if (state.phase === "completed" && state.isPromoted) return [{ type: "promote", purpose: "forward" }];
  return [];
}
