import type { Verdict } from "@fedge/protocol/profile";

/** What one window of the device says of one feature. Effects are after what chance alone gives is taken off. */
export interface FeatureJudgement {
  readonly name: string;
  readonly verdict: Verdict;
  /** Why, in words; null where there is nothing to say. */
  readonly reason: string | null;
  /** Population stability index, natural logarithm; null where nothing could be compared. */
  readonly psi: number | null;
  /** Jensen-Shannon distance, base 2. */
  readonly jensenShannon: number | null;
  /** In standard deviations of the reference. */
  readonly meanShift: number | null;
  /** Natural logarithm, corrected for all tests of the window; null without a test. */
  readonly logPValue: number | null;
  /** More than chance, and an effect above its floor. */
  readonly isExceeded: boolean;
}

/** What one window says of a version. */
export interface WindowJudgement {
  readonly window: number;
  readonly verdict: Verdict;
  readonly numRows: number;
  readonly numTests: number;
  /** PSI as it is, the greatest of all features; null where nothing could be compared. */
  readonly greatestPsi: number | null;
  readonly features: readonly FeatureJudgement[];
  /** What streams noticed in the window, in words. */
  readonly noticed: readonly string[];
  /** The accuracy that the scores promise; null where their conditions do not hold. */
  readonly estimatedAccuracy: number | null;
}
