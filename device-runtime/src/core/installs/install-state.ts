import type { BlobRef, ErrorCode, InstallPolicy, InstallState } from "@fedge/protocol";
import type { UnfitData } from "../monitor/monitors.js";
import type { TrustedRelease } from "../trust/release-trust.js";
import type { ProbationFacts } from "./probation.js";

/** Where a version may lie: two slots that take turns, and what came with the app, if anything did. */
export type SlotName = "a" | "b" | "base";

/** A version that was verified and may serve. */
export interface SlotVersion {
  readonly version: number;
  readonly manifest: BlobRef;
  readonly releaseCounter: number;
  readonly rolloutId: string | null;
  /** When it began to serve, UTC epoch milliseconds; null in what an older runtime kept. */
  readonly installedAtMs: number | null;
  /** Which installation on this device it is: 1, 2, … */
  readonly installation: number;
}

export interface Slots {
  /** Whose version serves. */
  readonly active: SlotName;
  readonly a: SlotVersion | null;
  readonly b: SlotVersion | null;
}

/** What the operator wants a model to be. */
export interface InstallGoal {
  readonly version: number;
  readonly manifest: BlobRef;
  readonly releaseCounter: number;
  readonly rolloutId: string | null;
  /** A retry is a new attempt at the same release. */
  readonly attempt: number;
  readonly policy: InstallPolicy;
}

/** Why an attempt went another way than to its goal. */
export interface InstallFault {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The work on one goal, from the assignment to a final state. */
export interface Attempt {
  readonly goal: InstallGoal;
  readonly state: InstallState;
  /** When the state is over whatever happens; null in final states. */
  readonly deadlineAtMs: number | null;
  /** State changes and restarts so far. */
  readonly numTransitions: number;
  readonly numActivations: number;
  readonly numCrashes: number;
  /** A process works on it. One that says goodbye takes the mark away; a start that finds it counts a crash. */
  readonly isRunning: boolean;
  /** The server's broker has the report of this state. */
  readonly isReported: boolean;
  /** Which slot served when it began; where a rollback leads. */
  readonly from: SlotName;
  /** Why it failed, or the last hindrance while it is still tried. */
  readonly fault: InstallFault | null;
  /** What the signed metadata say of the release; null where nothing is signed. */
  readonly trusted: TrustedRelease | null;
  /** Since when the version serves, for the probation. */
  readonly activatedAtMs: number | null;
  /** How the version before did on this device: 95th percentile of a prediction's time, memory of the process. */
  readonly before: { readonly p95Us: number | null; readonly memoryBytes: number | null };
}

/** Everything that a device keeps of a model's installations: one value in the store, written whole. */
export interface InstallRecord {
  readonly slots: Slots;
  /** Of the newest release that was taken up, and which version it meant: none before it is taken up again. */
  readonly release: { readonly counter: number; readonly manifestSha256: string } | null;
  readonly numInstallations: number;
  readonly numAttempts: number;
  readonly attempt: Attempt | null;
  /** Attempts before it whose end the server has not been told yet; the oldest first. */
  readonly unreported: readonly Unreported[];
}

/** An attempt that is over, and which one it was. */
export interface Unreported {
  readonly number: number;
  readonly attempt: Attempt;
}

export const NOTHING_INSTALLED: InstallRecord = {
  slots: { active: "base", a: null, b: null },
  release: null,
  numInstallations: 0,
  numAttempts: 0,
  attempt: null,
  unreported: [],
};

/** Names the moment in which an effect began: what it gives later counts only if nothing has happened since. */
export type Token = `${number}.${number}`;

export type InstallEvent =
  /** `isServed`: exactly that version is loaded and active. */
  | { readonly type: "wanted"; readonly goal: InstallGoal; readonly isServed: boolean }
  /** The operator wants nothing of this model any more. */
  | { readonly type: "unwanted" }
  | { readonly type: "accepted"; readonly token: Token; readonly release: TrustedRelease | null }
  | { readonly type: "downloaded" | "verified" | "proceed"; readonly token: Token }
  | { readonly type: "activated"; readonly token: Token; readonly before: Attempt["before"] }
  | { readonly type: "restored"; readonly token: Token }
  /** `isPassing`: the same may go well a moment later. */
  | {
      readonly type: "hindered";
      readonly token: Token;
      readonly fault: InstallFault;
      readonly isPassing: boolean;
    }
  | { readonly type: "observed"; readonly facts: ProbationFacts }
  /** The monitor is sure that the data of this version have drifted, or are broken. */
  | ({ readonly type: "drifted" } & UnfitData)
  | { readonly type: "expired"; readonly token: Token }
  /** The server's broker has the report of what the token names. */
  | { readonly type: "reported"; readonly token: Token }
  /** Whoever signs releases has changed; counters of before say nothing of the next ones. */
  | { readonly type: "authority-changed" }
  | { readonly type: "restarted" }
  | { readonly type: "left" };

/** What is to be done once the record is kept. */
export type InstallEffect =
  /** Ask whether the release may be trusted. */
  | "accept"
  | "download"
  | "verify"
  /** Go on from `staged`. */
  | "proceed"
  /** Have the version of the other slot loaded, warm, beside the one that serves. */
  | "load"
  /** Serve the active slot's version from now on; the one before stays loaded. */
  | "serve"
  /** Watch the version that is on probation. */
  | "watch"
  /** Serve the version before again, once it has been tried anew. */
  | "restore"
  /** Serve what came with the app. */
  | "restore-base"
  /** The version stays: free the one before, and tidy up. */
  | "settle"
  /** Free what was fetched or loaded for the attempt. */
  | "discard"
  /** Do the same again after a while. */
  | "retry"
  /** Look at what is wanted once more. */
  | "reconsider"
  /** The goal is refused as it stands. */
  | "refuse";

export interface InstallStep {
  readonly record: InstallRecord;
  readonly effects: readonly InstallEffect[];
}

export const FINAL_STATES: ReadonlySet<InstallState> = new Set([
  "committed",
  "rejected",
  "failed",
  "rolled-back",
  "not-rolled-back",
  "safe-mode",
  "canceled",
]);

export function isFinal({ state }: Pick<Attempt, "state">): boolean {
  return FINAL_STATES.has(state);
}

export function tokenOf({ numAttempts, attempt }: Pick<InstallRecord, "numAttempts" | "attempt">): Token {
  return `${numAttempts}.${attempt?.numTransitions ?? 0}`;
}

/** The version of a slot; the app's own is not in the record. */
export function versionIn({ a, b }: Slots, slot: SlotName): SlotVersion | null {
  return slot === "a" ? a : slot === "b" ? b : null;
}
