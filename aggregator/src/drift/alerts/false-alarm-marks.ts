import type { ModelName } from "@fedge/protocol";
import { WHOLE_FLEET } from "../sums/window-key.js";
import { rankOf, subjectOf, type AlertRecord, type Evidence } from "./alert-record.js";

/** How much larger than what was called a false alarm a change has to be for it to be another matter. */
const CLEARLY_LARGER = 2.2;

/**
 * Whether people called just this a false alarm, a short while ago: the same matter, of the same cohort (a mark on the whole
 * fleet's is one on every cohort's), no graver, and not clearly larger. It covers what they looked at, and nothing else.
 */
export function isMarked(evidence: Evidence, alerts: readonly AlertRecord[], atMs: number): boolean {
  return alerts.some(
    ({ falseAlarmBy, cooldownUntilMs, evidence: marked }) =>
      falseAlarmBy !== null &&
      atMs < (cooldownUntilMs ?? 0) &&
      subjectOf(marked) === subjectOf(evidence) &&
      (marked.cohort === WHOLE_FLEET || marked.cohort === evidence.cohort) &&
      rankOf(evidence.severity) <= rankOf(marked.severity) &&
      !isClearlyLarger(evidence, marked),
  );
}

function isClearlyLarger(evidence: Evidence, marked: Evidence): boolean {
  const [size, before] = [sizeOf(evidence), sizeOf(marked)];
  if (size === null || before === null) return false;
  if (evidence.method === marked.method) return size > CLEARLY_LARGER * before;
  // Measures that have no unit in common: how many times each is its limit, multiplied crosswise as a limit may be 0.
  return size * (marked.limit ?? 0) > CLEARLY_LARGER * before * (evidence.limit ?? 0);
}

/** How far it is from what it should be, at the least; null for what has no size, as an age. */
function sizeOf({ kind, lower, limit, score }: Evidence): number | null {
  const isOfLess = kind === "performance" || kind === "silent-fleet";
  return isOfLess ? (limit ?? 0) - (score ?? 0) : lower;
}

/** The floor at which the false alarms of a feature would not have been; null without one. A person decides. */
export function suggestedFloor(
  alerts: readonly AlertRecord[],
  model: ModelName,
  feature: string,
): { readonly method: string; readonly floor: number } | null {
  const wrong = alerts.filter(
    ({ falseAlarmBy, evidence, ...alert }) =>
      falseAlarmBy !== null &&
      alert.model === model &&
      evidence.feature === feature &&
      evidence.kind === "drift",
  );
  const largest = wrong.sort((one, other) => (other.evidence.lower ?? 0) - (one.evidence.lower ?? 0))[0];
  if (largest === undefined || largest.evidence.lower === null) return null;
  const floor = Number((CLEARLY_LARGER * largest.evidence.lower).toPrecision(2));
  return { method: largest.evidence.method, floor };
}
