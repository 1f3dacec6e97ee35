import type { Verdict } from "../data/api-types.js";
import type { Tone } from "../parts/badge.js";

export interface VerdictLook {
  /** For people. */
  readonly name: string;
  readonly tone: Tone;
  /** A sign of its own, so that nothing depends on a colour. */
  readonly sign: string;
  /** What it means, in a sentence. */
  readonly meaning: string;
}

/** The seven things that are said of whatever is watched, worst first. */
export const VERDICT_LOOKS: Readonly<Record<Verdict, VerdictLook>> = {
  broken_data: {
    ...{ name: "broken data", tone: "bad", sign: "✕" },
    meaning: "rows are missing or not as the schema says",
  },
  drift: {
    ...{ name: "drift", tone: "bad", sign: "▲" },
    meaning: "more than chance and above its floor, two windows running",
  },
  warning: {
    ...{ name: "warning", tone: "warn", sign: "!" },
    meaning: "more than chance and above its floor, so far once",
  },
  ok: { name: "ok", tone: "good", sign: "✓", meaning: "nothing has changed by more than its floor" },
  learning: { name: "learning", tone: "busy", sign: "…", meaning: "no window has been released yet" },
  not_enough_data: {
    ...{ name: "not enough data", tone: "quiet", sign: "–" },
    meaning: "too few devices or rows to say anything",
  },
  not_testable: {
    ...{ name: "not testable", tone: "quiet", sign: "∅" },
    meaning: "there is nothing to compare, such as a constant",
  },
};

export const ALL_VERDICTS = Object.keys(VERDICT_LOOKS) as readonly Verdict[];

/** `3 ok, 1 warning`, worst first; `none` of none. */
export function verdictCounts(verdicts: readonly Verdict[]): string {
  const counts = ALL_VERDICTS.flatMap((verdict) => {
    const count = verdicts.filter((each) => each === verdict).length;
    return count === 0 ? [] : [`${count} ${VERDICT_LOOKS[verdict].name}`];
  });
  return counts.length === 0 ? "none" : counts.join(", ");
}

/** A cohort for people. */
export function cohortText(cohort: string): string {
  return cohort === "" ? "whole fleet" : cohort.replace("=", " = ");
}
