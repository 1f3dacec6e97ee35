import type { DeviceId, ErrorCode } from "@fedge/protocol";
import type { RolloutConfig, RolloutId } from "./rollout-config.js";

/**
 * draft → waiting-approval → (denied) | ready → scheduled → running → completed;
 * running ⇄ paused; running | paused → aborting → aborted;
 * running | paused | completed | aborted → rolling-back → rolled-back | rollback-incomplete.
 */
export const ROLLOUT_STATES = [
  "draft",
  "waiting-approval",
  "denied",
  "ready",
  "scheduled",
  "running",
  "paused",
  "aborting",
  "aborted",
  "completed",
  "rolling-back",
  "rolled-back",
  "rollback-incomplete",
] as const;
export type RolloutState = (typeof ROLLOUT_STATES)[number];

export const PAUSE_REASONS = [
  "operator",
  "error-threshold",
  "metric-failed",
  "inconclusive",
  "metric-error",
  "wave-finished",
  "lapsed",
] as const;
export type PauseReason = (typeof PAUSE_REASONS)[number];

export const WAVE_STATES = [
  "pending",
  "filling",
  "soaking",
  "analysing",
  "waiting-promotion",
  "passed",
  "failed",
  "inconclusive",
  "rolled-back",
] as const;
export type WaveState = (typeof WAVE_STATES)[number];

/** One device in one rollout, as the server sees it. Terminal states never change: a retry is a new attempt. */
export const TARGET_STATES = [
  "queued",
  "told",
  "installing",
  "probation",
  "committed",
  "rejected",
  "failed",
  "rolled-back",
  "safe-mode",
  "timed-out",
  "canceled",
  "removed",
  "superseded",
] as const;
export type TargetState = (typeof TARGET_STATES)[number];

export type Verdict = "pass" | "fail" | "inconclusive" | "error";

/** A gate with its numbers and why it says what it says. */
export interface GateView {
  /** `install`, or the metric. */
  readonly gate: string;
  readonly segment: string | null;
  readonly verdict: Verdict;
  /** For people: `3 of 41 reports failed (7.3 %), at most 2 % are allowed`. */
  readonly reason: string;
  /** The wave's value and the control cohort's; null where there is none yet. */
  readonly value: number | null;
  readonly control: number | null;
  /** Of the difference (value minus control), at the confidence by which the gate decides at its look. */
  readonly interval: readonly [number, number] | null;
  readonly sample: number;
  readonly controlSample: number;
  readonly minSample: number;
  /** The value that would fail. */
  readonly limit: number | null;
  readonly checkedAtMs: number;
}

export interface WaveView {
  readonly index: number;
  readonly name: string;
  readonly percent: number;
  readonly state: WaveState;
  readonly numTargets: number;
  /** Told and heard of since. */
  readonly numReached: number;
  readonly byState: Readonly<Partial<Record<TargetState, number>>>;
  readonly gates: readonly GateView[];
  readonly startedAtMs: number | null;
  /** When the soak ends; null before it begins. */
  readonly soaksUntilMs: number | null;
  readonly endedAtMs: number | null;
}

export interface RolloutView {
  readonly rolloutId: RolloutId;
  readonly config: RolloutConfig;
  readonly state: RolloutState;
  readonly pauseReason: PauseReason | null;
  /** Why it is in this state, for people. */
  readonly reason: string;
  /** Grows with every change; commands say which one they saw, so that two operators cannot undo each other unseen. */
  readonly revision: number;
  readonly currentWave: number | null;
  readonly waves: readonly WaveView[];
  /** Version that devices go back to. */
  readonly fallbackVersion: number | null;
  readonly releaseCounter: number | null;
  readonly createdBy: string;
  readonly approvedBy: string | null;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  /** Only for comparisons: what was found, with test, interval and power, or an arm's share for a bandit. */
  readonly comparison: ComparisonView | null;
}

export interface ComparisonView {
  readonly metric: string;
  readonly arms: readonly {
    readonly version: number;
    readonly sample: number;
    readonly value: number | null;
    readonly share: number;
  }[];
  readonly difference: number | null;
  readonly interval: readonly [number, number] | null;
  readonly pValue: number | null;
  readonly requiredSample: number;
  readonly verdict: string;
}

/** What an operator can do to a rollout. */
export const ROLLOUT_COMMANDS = [
  "approve",
  "deny",
  "start",
  "pause",
  "resume",
  "promote",
  "retry-failed",
  "abort",
  "rollback",
] as const;
export type RolloutCommand = (typeof ROLLOUT_COMMANDS)[number];

/** One device's way through one rollout. */
export interface TargetView {
  readonly deviceId: DeviceId;
  readonly wave: number;
  readonly state: TargetState;
  readonly attempt: number;
  readonly code: ErrorCode | null;
  readonly message: string | null;
  readonly changedAtMs: number;
}

/** Which devices each wave would reach, and why the others none. */
export interface RolloutPreview {
  readonly numMatching: number;
  /** To a version that the fleet ran lately: waves neither soak nor have metric gates (R24). */
  readonly isReturn: boolean;
  readonly waves: readonly {
    readonly name: string;
    readonly numDevices: number;
    /** The first of them. */
    readonly devices: readonly DeviceId[];
  }[];
  readonly excluded: readonly { readonly reason: string; readonly numDevices: number }[];
  /** Other rollouts of the model that want the same devices, and which one they obey. */
  readonly conflicts: readonly {
    readonly rolloutId: RolloutId;
    readonly numDevices: number;
    readonly wins: boolean;
  }[];
}

/** An entry of a rollout's history. */
export interface RolloutHistoryEntry {
  readonly seq: number;
  readonly atMs: number;
  /** Account, token or `system`. */
  readonly actor: string;
  readonly event: string;
  readonly reason: string;
}
