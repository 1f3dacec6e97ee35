import type { Verdict } from "@fedge/protocol/profile";
import type { JointMethod } from "./drift-judgement.js";

/** What the last closed window of the version in use says; all of it stays on the device but the counts. */
export interface DriftStatus {
  readonly version: number;
  /**
   * The version's golden rows gave the features that its reference was built with; false for a version that came without.
   * One that they contradict does not serve.
   */
  readonly isProven: boolean;
  /** `learning` until the first window has closed. */
  readonly verdict: Verdict;
  /** End of that window, UTC epoch milliseconds; null before the first. */
  readonly windowEndedAtMs: number | null;
  readonly numRows: number;
  /** Accuracy as the scores promise it, in [0, 1]; null where their conditions do not hold. */
  readonly estimatedAccuracy: number | null;
  /** Features whose verdict is warning, drift or broken data, and why; at most 20. */
  readonly features: readonly {
    readonly name: string;
    readonly verdict: Verdict;
    readonly reason: string | null;
  }[];
  /** Features that changed together, though each alone may look as before: verdict is warning or drift. */
  readonly joint: readonly {
    readonly name: string;
    readonly method: JointMethod;
    readonly verdict: Verdict;
    readonly reason: string | null;
  }[];
  /** What streams noticed, in words. */
  readonly noticed: readonly string[];
}
