import type { Verdict } from "../profile/verdicts.js";
/** Every test that there is, by the name that profiles, commands and results use. */
export const DRIFT_METHODS = [
  "ks",
  "ks-binned",
  "chi-squared",
  "g-test",
  "fisher",
  "psi",
  "jensen-shannon",
  "hellinger",
  "total-variation",
  "l-infinity",
  "wasserstein",
  "cramer-von-mises",
  "mann-whitney",
  "welch",
  "anderson-darling",
  "mmd",
  "adwin",
  "page-hinkley",
  "ddm",
] as const;

export type DriftMethod = (typeof DRIFT_METHODS)[number];

/** Those that follow a stream, value by value, rather than compare two samples. */
export const STREAM_METHODS = ["adwin", "page-hinkley", "ddm"] as const satisfies readonly DriftMethod[];

export type StreamMethod = (typeof STREAM_METHODS)[number];

/** How large a difference is, whatever the number of rows. */
export interface DriftEffect {
  /** What is measured, such as "Cramér's V". */
  readonly name: string;
  readonly value: number;
}

/** What one test says of two samples, or of a stream. */
export interface DriftResult {
  readonly method: DriftMethod;
  /** `null` when the input cannot be tested; never NaN. Infinite only as an odds ratio. */
  readonly statistic: number | null;
  /** In [0, 1]; 0 when it is below the smallest double, for which `logPValue` is there. */
  readonly pValue?: number;
  /** Natural logarithm, at most 0. */
  readonly logPValue?: number;
  readonly effect?: DriftEffect;
  /** Rows of the reference and of the current sample that the statistic is of. */
  readonly n: number;
  readonly m: number;
  readonly verdict: Verdict;
  /** Why it is that verdict, where the numbers alone do not say so. */
  readonly reason?: string;
  /** How the statistic came about: bins, log base, zero rule, limit, missing rows and the like. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** What a method computes before a verdict is found. */
export interface Measured {
  readonly statistic: number;
  readonly n: number;
  readonly m: number;
  readonly logPValue?: number;
  readonly effect?: DriftEffect;
  /** Where the method has no p-value: above this the difference is more than chance at the level of the test. */
  readonly limit?: number;
  /** Where it has neither: the p-value of another test on the same counts. */
  readonly companion?: { readonly method: string; readonly logPValue: number };
  readonly details: Readonly<Record<string, unknown>>;
}

/** Why a method cannot say anything of this input. */
export interface Untestable {
  readonly reason: string;
}

export type Outcome = Measured | Untestable;

/** True when there is no statistic, but a reason. */
export function isUntestable(outcome: Outcome): outcome is Untestable {
  return "reason" in outcome;
}
