/** What is said of whatever is watched, in the order of a vector's cells. */
export const VERDICTS = [
  "learning",
  "not_enough_data",
  "ok",
  "warning",
  "drift",
  "broken_data",
  "not_testable",
] as const;
export type Verdict = (typeof VERDICTS)[number];

const WORST_FIRST: readonly Verdict[] = [
  "broken_data",
  "drift",
  "warning",
  "ok",
  "not_enough_data",
  "not_testable",
];

/** Of several verdicts the one to act on; `not_testable` of none. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  return WORST_FIRST.find((verdict) => verdicts.includes(verdict)) ?? "not_testable";
}
