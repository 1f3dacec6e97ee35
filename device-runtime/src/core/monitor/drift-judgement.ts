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

/** Features are told from the reference's by a classifier, or by the distance of the means of vectors. */
export type JointMethod = "domain-classifier" | "mmd";

/** What one window of the device says of features together. */
export interface JointJudgement {
  /** `all inputs`, or the name of a group of numbers that make a vector. */
  readonly name: string;
  readonly method: JointMethod;
  readonly verdict: Verdict;
  /** Why, in words; null where there is nothing to say. */
  readonly reason: string | null;
  /** Area under the curve of the classifier, or the distance of means without what chance gives; null without a comparison. */
  readonly effect: number | null;
  /** Natural logarithm, corrected for all tests of the window; null without a test. */
  readonly logPValue: number | null;
  /** More than chance, and an effect above its floor. */
  readonly isExceeded: boolean;
  /** Names of those that weigh most with the classifier, the heaviest first. */
  readonly features: readonly string[];
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
  /** Empty where the profile says nothing of features together. */
  readonly joint: readonly JointJudgement[];
  /** What streams noticed in the window, in words. */
  readonly noticed: readonly string[];
  /** The accuracy that the scores promise; null where their conditions do not hold. */
  readonly estimatedAccuracy: number | null;
}
