import type { DeviceId, ErrorCode } from "@fedge/protocol";
import type { RolloutConfig } from "./rollout-config.js";
import type { RolloutEffect, RolloutEvent } from "./rollout-events.js";
import type {
  ComparisonView,
  GateView,
  PauseReason,
  RolloutHistoryEntry,
  RolloutState as RolloutPhase,
  TargetState,
  WaveState,
} from "./rollout-view.js";
import { TargetTable } from "./target-table.js";

export type { RolloutEffect, RolloutEvent } from "./rollout-events.js";
export type { RolloutState as RolloutPhase } from "./rollout-view.js";

/** One device in one rollout. */
export interface Target {
  readonly wave: number;
  /** The version it is to run: the rollout's, or its arm's. */
  readonly version: number;
  readonly state: TargetState;
  readonly attempt: number;
  /** Of the release that it was told last; null before. */
  readonly releaseCounter: number | null;
  /** Of the newest report of the attempt; older ones are ignored. */
  readonly step: number;
  /** Whether it was heard of since it was told: the others are offline or asleep, and count in no share. */
  readonly isReached: boolean;
  /** Told at any time, by any attempt: those are whom a rollback concerns. */
  readonly wasTold: boolean;
  /** When the attempt has timed out; null while nothing runs. */
  readonly deadlineAtMs: number | null;
  /** When the step that it reported last has; null without a step timer. Never later than `deadlineAtMs`. */
  readonly stepDeadlineAtMs: number | null;
  readonly code: ErrorCode | null;
  readonly message: string | null;
  readonly changedAtMs: number;
  /** A newer release has taken the device over; a rollback of this one is not its business. */
  readonly isReplaced: boolean;
  /** The way back, once there is one. */
  readonly back: "told" | "done" | "failed" | null;
}

export interface Wave {
  readonly state: WaveState;
  readonly numTargets: number;
  readonly numReached: number;
  readonly byState: Readonly<Partial<Record<TargetState, number>>>;
  readonly startedAtMs: number | null;
  readonly soaksUntilMs: number | null;
  readonly endedAtMs: number | null;
  readonly gates: readonly GateView[];
  readonly lastLookAtMs: number | null;
  /** Looks at metrics that failed, in all; and looks that were errors, in succession. */
  readonly numFailures: number;
  readonly numErrors: number;
  /** Since when nothing moves any more although the gates have not passed. */
  readonly stalledSinceMs: number | null;
  /** From when the time for the whole wave counts: its opening, a resumption, or the window in which it goes on. */
  readonly timedFromMs: number | null;
  /** Failed devices that an operator has seen and resumed in spite of. */
  readonly numForgiven: number;
}

export interface RolloutState {
  readonly config: RolloutConfig;
  readonly phase: RolloutPhase;
  readonly pauseReason: PauseReason | null;
  readonly reason: string;
  readonly revision: number;
  readonly createdBy: string;
  readonly approvedBy: string | null;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  readonly fallbackVersion: number | null;
  /** A return to a version that the fleet ran lately: soak and metrics are skipped. */
  readonly isReturn: boolean;
  /**
   * By version, of the releases that devices are told now; empty until they are recorded. Nobody is told before all are
   * there. An arm that gains devices gets a new one: a device's counter never falls, also when it goes back to an arm.
   */
  readonly counters: Readonly<Record<number, number>>;
  /** Of the release that points back to the old bytes. */
  readonly backCounter: number | null;
  readonly currentWave: number | null;
  readonly waves: readonly Wave[];
  readonly targets: TargetTable<Target>;
  /** Devices in the order in which they are told; entries that are not queued any more are passed over. */
  readonly queue: readonly DeviceId[];
  /** How many were told when, within the last minute. */
  readonly toldLately: readonly { readonly atMs: number; readonly numDevices: number }[];
  readonly numCommitted: number;
  readonly numMatching: number;
  readonly isPromoted: boolean;
  readonly backDeadlineAtMs: number | null;
  /** Devices on their way back, arrived, and such that could not be brought back. */
  readonly backCounts: { readonly told: number; readonly done: number; readonly failed: number };
  readonly startedAtMs: number | null;
  /** Of the devices, by the arms in their order; one share of 1 for a release. */
  readonly shares: readonly number[];
  readonly sharesAtMs: number | null;
  readonly comparedAtMs: number | null;
  readonly comparison: ComparisonView | null;
  /** As the calendar last said, while it runs. */
  readonly isWindowOpen: boolean;
  readonly isDeleted: boolean;
  readonly history: readonly RolloutHistoryEntry[];
}

export interface Step {
  readonly state: RolloutState;
  readonly effects: readonly RolloutEffect[];
  /** False when nothing changed, and nothing need be written. */
  readonly isChanged: boolean;
}

export const FINAL_TARGET_STATES: ReadonlySet<TargetState> = new Set<TargetState>([
  "committed",
  "rejected",
  "failed",
  "rolled-back",
  "safe-mode",
  "timed-out",
  "canceled",
  "removed",
  "superseded",
]);

/** What counts against a wave; `canceled`, `removed` and `superseded` are nobody's failure. */
export const ERROR_TARGET_STATES = ["rejected", "failed", "rolled-back", "safe-mode", "timed-out"] as const;

export const EMPTY_WAVE: Wave = {
  state: "pending",
  numTargets: 0,
  numReached: 0,
  byState: {},
  startedAtMs: null,
  soaksUntilMs: null,
  endedAtMs: null,
  gates: [],
  lastLookAtMs: null,
  numFailures: 0,
  numErrors: 0,
  stalledSinceMs: null,
  timedFromMs: null,
  numForgiven: 0,
};

export function unchanged(state: RolloutState): Step {
  return { state, effects: [], isChanged: false };
}

export function changed(state: RolloutState, effects: readonly RolloutEffect[] = []): Step {
  return { state, effects, isChanged: true };
}

/** The versions that the rollout hands out: its own, or its arms'. */
export function versionsOf({ kind, version, arms }: RolloutConfig): readonly number[] {
  return (kind === "ab" || kind === "bandit") && arms !== undefined ? arms : [version];
}

export function isFinal(target: Target): boolean {
  return FINAL_TARGET_STATES.has(target.state);
}

/** Being worked on by the device, as far as the server can know. */
export function isInFlight(target: Target): boolean {
  return target.state === "told" || target.state === "installing" || target.state === "probation";
}

/** Puts new targets into the place of old ones and keeps every wave's counts (invariant I6). */
export function withTargets(
  state: RolloutState,
  changes: Iterable<readonly [DeviceId, Target]>,
): RolloutState {
  const entries = [...changes];
  const waves = [...state.waves];
  const backCounts = { ...state.backCounts };
  let { numCommitted } = state;
  for (const [deviceId, next] of entries) {
    const before = state.targets.get(deviceId);
    if (before !== undefined) waves[before.wave] = counted(waves[before.wave] ?? EMPTY_WAVE, before, -1);
    waves[next.wave] = counted(waves[next.wave] ?? EMPTY_WAVE, next, 1);
    numCommitted += Number(next.state === "committed") - Number(before?.state === "committed");
    if (typeof before?.back === "string") backCounts[before.back] -= 1;
    if (next.back !== null) backCounts[next.back] += 1;
  }
  return { ...state, waves, numCommitted, backCounts, targets: state.targets.withAll(entries) };
}

function counted(wave: Wave, target: Target, sign: 1 | -1): Wave {
  const byState = { ...wave.byState };
  const count = (byState[target.state] ?? 0) + sign;
  if (count === 0) delete byState[target.state];
  else byState[target.state] = count;
  const numReached = wave.numReached + sign * Number(target.isReached);
  return { ...wave, byState, numTargets: wave.numTargets + sign, numReached };
}

export function withWave(state: RolloutState, index: number, change: Partial<Wave>): RolloutState {
  const waves = state.waves.map((wave, at) => (at === index ? { ...wave, ...change } : wave));
  return { ...state, waves };
}

/** Notes a change of the rollout or of a wave: who, what and why; readers of an older revision are told so. */
export function noted(
  state: RolloutState,
  note: { readonly atMs: number; readonly actor: string; readonly event: string; readonly reason: string },
): RolloutState {
  const entry: RolloutHistoryEntry = { seq: state.history.length + 1, ...note };
  return {
    ...state,
    revision: state.revision + 1,
    changedAtMs: note.atMs,
    history: [...state.history, entry],
  };
}

/** A new rollout's state; approval first, where it is wanted. */
export function createdRollout(event: RolloutEvent & { readonly type: "created" }): RolloutState {
  const { config, actor, atMs, fallbackVersion, isReturn } = event;
  const phase = config.needsApproval ? "waiting-approval" : "ready";
  const reason = config.needsApproval ? "waits for somebody else's approval" : "waits to be started";
  const state: RolloutState = {
    ...{ config, phase, pauseReason: null, reason, revision: 0, createdBy: actor, approvedBy: null },
    ...{ createdAtMs: atMs, changedAtMs: atMs, fallbackVersion, isReturn },
    ...{ counters: {}, backCounter: null, currentWave: null, startedAtMs: null },
    ...{ sharesAtMs: null, comparedAtMs: null },
    backCounts: { told: 0, done: 0, failed: 0 },
    shares: versionsOf(config).map((_, __, all) => 1 / all.length),
    waves: config.waves.map(() => EMPTY_WAVE),
    targets: TargetTable.empty<Target>(),
    ...{ queue: [], toldLately: [], numCommitted: 0, numMatching: 0, isPromoted: false },
    ...{ backDeadlineAtMs: null, comparison: null, isWindowOpen: true, isDeleted: false, history: [] },
  };
  return noted(state, { atMs, actor, event: "created", reason: config.note });
}
