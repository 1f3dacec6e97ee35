import { FedgeError } from "@fedge/protocol";
import { waveCounts } from "./install-gate.js";
import {
  changed,
  noted,
  unchanged,
  withTargets,
  withWave,
  type RolloutEffect,
  type RolloutEvent,
  type RolloutPhase,
  type RolloutState,
  type Step,
} from "./rollout-state.js";
import type { RolloutCommand } from "./rollout-view.js";
import { abort } from "./abort.js";
import { nextAttempt } from "./targets.js";
import { passedWave, pausedBy, rollBack } from "./wave-endings.js";
import { settled } from "./wave-progress.js";

type CommandEvent = RolloutEvent & { readonly type: "command" };

/** In which states a command means something. */
const ALLOWED: Readonly<Record<RolloutCommand, readonly RolloutPhase[]>> = {
  approve: ["waiting-approval"],
  deny: ["waiting-approval"],
  start: ["ready", "scheduled"],
  pause: ["running"],
  resume: ["paused"],
  promote: ["running", "paused"],
  "retry-failed": ["running", "paused", "completed"],
  abort: ["scheduled", "running", "paused"],
  rollback: ["running", "paused", "completed", "aborted", "rollback-incomplete"],
};

/** Throws ROLLOUT_STATE_CONFLICT, or APPROVAL_REQUIRED, when the rollout cannot do that now (R7, R8). */
export function checkCommand(state: RolloutState, command: RolloutCommand): void {
  const { rolloutId } = state.config;
  if (command === "start" && (state.phase === "waiting-approval" || state.phase === "draft")) {
    const message = `rollout ${rolloutId} waits for approval; somebody else than ${state.createdBy} must approve it`;
    throw new FedgeError("APPROVAL_REQUIRED", message);
  }
  if (!ALLOWED[command].includes(state.phase)) {
    const able = ALLOWED[command].join(" or ");
    const message = `rollout ${rolloutId} is ${state.phase}; ${command} needs it ${able}`;
    throw new FedgeError("ROLLOUT_STATE_CONFLICT", message);
  }
  if (command === "rollback" && state.fallbackVersion === null) {
    const message = `rollout ${rolloutId} has no version to go back to: the fleet ran none before`;
    throw new FedgeError("ROLLOUT_STATE_CONFLICT", message);
  }
  if (command === "rollback" && state.config.kind === "shadow") {
    const message = `rollout ${rolloutId} is a shadow, and nothing serves what it compares; abort it to end it`;
    throw new FedgeError("ROLLOUT_STATE_CONFLICT", message);
  }
  if (command === "promote" && state.currentWave === null) {
    const message = `rollout ${rolloutId} has no open wave yet; wait until its release is recorded`;
    throw new FedgeError("ROLLOUT_STATE_CONFLICT", message);
  }
}

/** A person's wish. What `checkCommand` refuses changes nothing here either. */
export function stepCommand(state: RolloutState, event: CommandEvent): Step {
  if (!ALLOWED[event.command].includes(state.phase)) return unchanged(state);
  const { actor, reason, atMs } = event;
  const named = noted(state, { atMs, actor, event: event.command, reason });
  switch (event.command) {
    case "approve":
      return changed({
        ...named,
        phase: "ready",
        approvedBy: actor,
        reason: "approved; waits to be started",
      });
    case "deny":
      return changed({ ...named, phase: "denied", reason });
    case "start":
      return start(named, event);
    case "pause": {
      const next = pausedBy(state, { why: "operator", reason, atMs, actor });
      return changed(next);
    }
    case "resume":
      return resume(named, event);
    case "promote":
      return promote(named, event);
    case "retry-failed":
      return retryFailed(named, event);
    case "abort":
      return abort(named, event);
    case "rollback":
      return rollBack(state, event);
  }
}

function start(state: RolloutState, event: CommandEvent): Step {
  const { startAtMs } = state.config.schedule;
  const fallbackVersion = event.fallbackVersion ?? state.fallbackVersion;
  const known = { ...state, fallbackVersion };
  if (startAtMs !== null && startAtMs > event.atMs)
    return changed({ ...known, phase: "scheduled", reason: "starts at its time" });
  return begin(known, event.atMs);
}

/** The release is recorded first; its counter is what devices are told by. */
export function begin(state: RolloutState, atMs: number): Step {
  const next = { ...state, phase: "running", reason: "runs", startedAtMs: atMs } as const;
  return changed(next, releaseEffects(next));
}

export function releaseEffects(state: RolloutState): readonly RolloutEffect[] {
  const { kind, arms, version } = state.config;
  const versions = (kind === "ab" || kind === "bandit") && arms !== undefined ? arms : [version];
  return versions
    .filter((each) => state.counters[each] === undefined)
    .map((each) => ({ type: "sign-release", purpose: "forward", version: each }) as const);
}

/**
 * Goes on where it stood. Failures that were seen do not stop it again, and stay failed; a wave that failed for them is
 * over and the next one opens (R6). Metrics are looked at anew.
 */
function resume(state: RolloutState, { atMs, actor, reason }: CommandEvent): Step {
  const why = state.pauseReason;
  const waves = state.waves.map((wave) => ({ ...wave, numForgiven: waveCounts(wave).numErrors }));
  const running = { ...state, waves, phase: "running", pauseReason: null, reason: "runs" } as const;
  const index = state.currentWave;
  const wave = index === null ? undefined : running.waves[index];
  if (index === null || wave === undefined) return changed(running, releaseEffects(running));
  if (wave.state === "failed" && why === "error-threshold")
    return passedWave(running, { index, atMs, actor, reason: reason || "resumed in spite of its failures" });
  const reopened = withWave(running, index, {
    ...{ numFailures: 0, numErrors: 0, stalledSinceMs: null, timedFromMs: atMs, endedAtMs: null },
    ...(wave.state === "failed" || wave.state === "inconclusive"
      ? stateToResume(wave.soaksUntilMs, atMs)
      : {}),
  });
  const pending: readonly RolloutEffect[] =
    wave.state === "pending" ? [{ type: "open-wave", wave: index }] : [];
  const after = settled(reopened, atMs);
  return changed(after.state, [...pending, ...after.effects]);
}

function stateToResume(soaksUntilMs: number | null, atMs: number) {
  if (soaksUntilMs === null) return { state: "filling" } as const;
  return { state: "soaking", soaksUntilMs: Math.max(soaksUntilMs, atMs) } as const;
}

/** A person answers for the wave: its gates are not waited for any more. */
function promote(state: RolloutState, { atMs, actor, reason }: CommandEvent): Step {
  const index = state.currentWave;
  if (index === null || state.waves[index]?.state === "pending") return unchanged(state);
  const waves = state.waves.map((wave) => ({ ...wave, numForgiven: waveCounts(wave).numErrors }));
  const running = { ...state, waves, phase: "running", pauseReason: null, reason: "runs" } as const;
  return passedWave(running, { index, atMs, actor, reason: reason || "promoted" });
}

function retryFailed(state: RolloutState, { atMs }: CommandEvent): Step {
  const again = [...state.targets.entries()].flatMap(([deviceId, target]) =>
    ["failed", "rolled-back", "safe-mode", "timed-out"].includes(target.state) && !target.isReplaced
      ? [[deviceId, { ...nextAttempt(target), changedAtMs: atMs }] as const]
      : [],
  );
  const queue = [...state.queue, ...again.map(([deviceId]) => deviceId)];
  return changed({ ...withTargets(state, again), queue });
}
