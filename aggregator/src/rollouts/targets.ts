import type { DeviceId, InstallState } from "@fedge/protocol";
import { armOf } from "./arms.js";
import type { ReportFacts } from "./rollout-events.js";
import { lately, numAllowed } from "./rate-limit.js";
import {
  changed,
  isFinal,
  isInFlight,
  unchanged,
  versionsOf,
  withTargets,
  type RolloutEffect,
  type RolloutEvent,
  type RolloutState,
  type Step,
  type Target,
} from "./rollout-state.js";
import type { TargetState } from "./rollout-view.js";

/**
 * What a device's report makes of its target. A device that keeps a version which failed (`not-rolled-back`) has failed;
 * one that is rolling back is still on its way.
 */
const STATE_OF_REPORT: Readonly<Record<InstallState, TargetState>> = {
  assigned: "installing",
  downloading: "installing",
  verifying: "installing",
  staged: "installing",
  activating: "installing",
  probation: "probation",
  "rolling-back": "probation",
  committed: "committed",
  rejected: "rejected",
  failed: "failed",
  "rolled-back": "rolled-back",
  "not-rolled-back": "failed",
  "safe-mode": "safe-mode",
  canceled: "canceled",
};

const NO_DEADLINE = { deadlineAtMs: null, stepDeadlineAtMs: null } as const;

/** New targets at the end of the queue. Whoever is one already stays where he is. */
export function enqueued(
  state: RolloutState,
  devices: readonly DeviceId[],
  { wave, atMs }: { readonly wave: number; readonly atMs: number },
): RolloutState {
  const versions = versionsOf(state.config);
  const fresh = devices.filter((deviceId) => state.targets.get(deviceId) === undefined);
  const entries = fresh.map((deviceId) => {
    const arm = versions.length === 1 ? 0 : armOf(state.config.rolloutId, deviceId, state.shares);
    return [deviceId, newTarget(wave, versions[arm] ?? state.config.version, atMs)] as const;
  });
  return { ...withTargets(state, entries), queue: [...state.queue, ...fresh] };
}

function newTarget(wave: number, version: number, atMs: number): Target {
  return {
    ...{ wave, version, state: "queued", attempt: 1, step: -1, isReached: false, wasTold: false },
    releaseCounter: null,
    ...NO_DEADLINE,
    ...{ code: null, message: null, changedAtMs: atMs, isReplaced: false, back: null },
  };
}

/** Compare-and-set by release, attempt and step: what is older than what is known changes nothing (R31). */
export function stepReported(state: RolloutState, event: RolloutEvent & { readonly type: "reported" }): Step {
  const { deviceId, report, atMs } = event;
  const target = state.targets.get(deviceId);
  if (target === undefined) return unchanged(state);
  if (report.releaseCounter === state.backCounter) return stepReportedBack(state, { ...event, target });
  if (report.releaseCounter !== target.releaseCounter) return unchanged(state);
  if ((isFinal(target) && !isLeft(target, report)) || target.state === "queued") return unchanged(state);
  if (report.attempt !== target.attempt || report.step <= target.step) return unchanged(state);
  const next = STATE_OF_REPORT[report.state];
  const heard = reached(state, { ...target, step: report.step }, atMs);
  const stepDeadlineAtMs = stepDeadlineOf(state, { report, atMs, boundMs: heard.deadlineAtMs });
  const isTimedAnew = stepDeadlineAtMs !== target.stepDeadlineAtMs;
  if (next === target.state && target.isReached && !isTimedAnew) return unchanged(state);
  const after: Target = {
    ...heard,
    stepDeadlineAtMs,
    state: next,
    code: report.code,
    message: report.message,
    changedAtMs: atMs,
  };
  return changed(concluded(state, [[deviceId, after]]));
}

/** A version that stayed and was left later, for the data of the device: nothing else changes what is final. */
function isLeft({ state }: Target, report: ReportFacts): boolean {
  return state === "committed" && report.code === "DATA_DRIFTED" && isFinalReport(report.state);
}

/** The step timer that the report sets, capped by the bound of the whole attempt (R13). */
function stepDeadlineOf(
  { config }: RolloutState,
  {
    report,
    atMs,
    boundMs,
  }: { readonly report: ReportFacts; readonly atMs: number; readonly boundMs: number | null },
): number | null {
  const timers: Readonly<Partial<Record<InstallState, number>>> = config.stepTimeoutsMs ?? {};
  const timeoutMs = timers[report.state];
  return timeoutMs === undefined ? null : Math.min(atMs + timeoutMs, boundMs ?? Number.POSITIVE_INFINITY);
}

function stepReportedBack(
  state: RolloutState,
  {
    deviceId,
    target,
    report,
    atMs,
  }: {
    readonly deviceId: DeviceId;
    readonly target: Target;
    readonly report: ReportFacts;
    readonly atMs: number;
  },
): Step {
  if (target.back === null || target.back === "done") return unchanged(state);
  const isBack = report.state === "committed";
  const hasFailed = !isBack && isFinalReport(report.state);
  if (!isBack && !hasFailed) return unchanged(state);
  if (hasFailed && target.back === "failed") return unchanged(state);
  const { code, message } = report;
  const next: Target = { ...target, back: isBack ? "done" : "failed", code, message, changedAtMs: atMs };
  return changed(withTargets(state, [[deviceId, next]]));
}

function isFinalReport(state: InstallState): boolean {
  return !["installing", "probation"].includes(STATE_OF_REPORT[state]);
}

/** A device that came online is reached from now on; one that serves the old version again is back. */
export function stepSeen(state: RolloutState, event: RolloutEvent & { readonly type: "seen" }): Step {
  const { deviceId, serves, atMs } = event;
  const target = state.targets.get(deviceId);
  if (target === undefined) return unchanged(state);
  if (target.back !== null && target.back !== "done" && serves === state.fallbackVersion)
    return changed(withTargets(state, [[deviceId, { ...target, back: "done", changedAtMs: atMs }]]));
  if (target.state !== "told" || target.isReached) return unchanged(state);
  return changed(withTargets(state, [[deviceId, reached(state, target, atMs)]]));
}

/** The time for an attempt runs from when the device can be working on it. */
function reached(state: RolloutState, target: Target, atMs: number): Target {
  const deadlineAtMs = target.deadlineAtMs ?? atMs + state.config.inProgressTimeoutMs;
  return { ...target, isReached: true, deadlineAtMs };
}

/** What has ended, ends: an error below `maxAttempts` goes back into the queue as a new attempt, a rejection never. */
function concluded(state: RolloutState, entries: readonly (readonly [DeviceId, Target])[]): RolloutState {
  const again: DeviceId[] = [];
  const ended = entries.map(([deviceId, target]) => {
    if (!isFinal(target)) return [deviceId, target] as const;
    if (target.state === "canceled") return [deviceId, gone(target)] as const;
    if (!isRetried(state, target)) return [deviceId, { ...target, ...NO_DEADLINE }] as const;
    again.push(deviceId);
    return [deviceId, nextAttempt(target)] as const;
  });
  return { ...withTargets(state, ended), queue: [...state.queue, ...again] };
}

function isRetried({ config, phase }: RolloutState, target: Target): boolean {
  // The same version would meet the same data.
  const isError =
    ["failed", "rolled-back", "timed-out"].includes(target.state) && target.code !== "DATA_DRIFTED";
  return isError && target.attempt < config.maxAttempts && (phase === "running" || phase === "paused");
}

export function nextAttempt(target: Target): Target {
  const { attempt } = target;
  return { ...target, state: "queued", attempt: attempt + 1, step: -1, isReached: false, ...NO_DEADLINE };
}

/** Out of every share: neither success nor failure. */
function gone(target: Target): Target {
  return { ...target, isReached: false, ...NO_DEADLINE };
}

/** Attempts whose time, or whose step's time, is over. */
export function withTimeouts(state: RolloutState, atMs: number): Step {
  const late: (readonly [DeviceId, Target])[] = [];
  for (const [deviceId, target] of state.targets.entries()) {
    const message = isInFlight(target) ? lateness(target, atMs) : null;
    if (message === null) continue;
    const timedOut = { state: "timed-out", code: "INSTALL_TIMED_OUT", message, changedAtMs: atMs } as const;
    late.push([deviceId, { ...target, ...timedOut }]);
  }
  return late.length === 0 ? unchanged(state) : changed(concluded(state, late));
}

function lateness({ deadlineAtMs, stepDeadlineAtMs }: Target, atMs: number): string | null {
  if (deadlineAtMs !== null && deadlineAtMs <= atMs)
    return "no final report within the time that the rollout gives";
  const isLate = stepDeadlineAtMs !== null && stepDeadlineAtMs <= atMs;
  return isLate ? "no further report within the time that the rollout gives for a step" : null;
}

/** So few are told in one step that a pause in the middle of a large wave stops it. */
const TOLD_AT_ONCE = 500;

/** The next devices of the queue, as many as the rate allows, at most `TOLD_AT_ONCE`. */
export function withTold(state: RolloutState, atMs: number): Step {
  const { counters } = state;
  if (versionsOf(state.config).some((version) => counters[version] === undefined)) return unchanged(state);
  let numLeft = Math.min(TOLD_AT_ONCE, numAllowed(state, atMs));
  const told: (readonly [DeviceId, Target])[] = [];
  let at = 0;
  for (; at < state.queue.length && numLeft > 0; at += 1) {
    const deviceId = state.queue[at] as DeviceId;
    const target = state.targets.get(deviceId);
    if (target?.state !== "queued") continue;
    numLeft -= 1;
    const releaseCounter = counters[target.version] ?? null;
    told.push([deviceId, { ...target, state: "told", wasTold: true, releaseCounter, changedAtMs: atMs }]);
  }
  if (told.length === 0) return unchanged(state);
  const toldLately =
    state.config.rate === null ? [] : [...lately(state.toldLately, atMs), { atMs, numDevices: told.length }];
  const next = { ...withTargets(state, told), queue: state.queue.slice(at), toldLately };
  const effect: RolloutEffect = { type: "tell", devices: told.map(([deviceId]) => deviceId) };
  return changed(next, [effect]);
}

/** Puts every target that `isMeant` into a state that is nobody's failure. */
export function withdrawn(
  state: RolloutState,
  isMeant: (target: Target) => boolean,
  { atMs, as }: { readonly atMs: number; readonly as: "canceled" | "superseded" },
): { readonly state: RolloutState; readonly devices: readonly DeviceId[] } {
  const entries: (readonly [DeviceId, Target])[] = [];
  for (const [deviceId, target] of state.targets.entries())
    if (isMeant(target)) entries.push([deviceId, { ...gone(target), state: as, changedAtMs: atMs }]);
  return { state: withTargets(state, entries), devices: entries.map(([deviceId]) => deviceId) };
}

/** Newcomers join the open wave; whoever is no longer in the fleet, or in the filter, leaves without a mark. */
export function stepMembers(
  state: RolloutState,
  event: RolloutEvent & { readonly type: "members-changed" },
): Step {
  const { joined, removed, atMs } = event;
  const wave = state.currentWave ?? 0;
  const left = removed.flatMap((deviceId) => {
    const target = state.targets.get(deviceId);
    if (target === undefined || target.state === "removed") return [];
    const next: Target = isFinal(target)
      ? { ...target, isReplaced: true, back: null }
      : { ...gone(target), state: "removed", isReplaced: true, changedAtMs: atMs, back: null };
    return [[deviceId, next] as const];
  });
  const isOpen = ["running", "paused", "completed"].includes(state.phase) && state.currentWave !== null;
  const fresh = isOpen ? joined.filter((deviceId) => state.targets.get(deviceId) === undefined) : [];
  if (left.length === 0 && fresh.length === 0) return unchanged(state);
  return changed(enqueued(withTargets(state, left), fresh, { wave, atMs }));
}

/** A newer release wants the devices: what has not ended is superseded, and none of them is rolled back by this one. */
export function stepReplaced(state: RolloutState, event: RolloutEvent & { readonly type: "replaced" }): Step {
  const entries = event.devices.flatMap((deviceId) => {
    const target = state.targets.get(deviceId);
    if (target === undefined || target.isReplaced) return [];
    if (isFinal(target)) return [[deviceId, { ...target, isReplaced: true, back: null }] as const];
    const message = `taken over by ${event.by}`;
    const next: Target = {
      ...{ ...gone(target), state: "superseded", code: "INSTALL_SUPERSEDED", message },
      ...{ isReplaced: true, back: null, changedAtMs: event.atMs },
    };
    return [[deviceId, next] as const];
  });
  return entries.length === 0 ? unchanged(state) : changed(withTargets(state, entries));
}
