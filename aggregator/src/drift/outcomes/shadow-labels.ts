import { mcNemar, studentTail } from "@fedge/protocol/drift";
import type { MonitoredVersion } from "../references/monitored-version.js";
import type { ReleasedView } from "../releases/release-record.js";
import { outcomesOf, type ShadowMeasures } from "./outcome-measures.js";

/** What labels say of a shadow and of the version in use, over several windows. */
export interface ShadowLabels {
  /** Labelled predictions that both answered, by who was right. */
  readonly bothRight: number;
  readonly onlyServed: number;
  readonly onlyShadow: number;
  readonly bothWrong: number;
  /** Accuracy of the shadow less that of the version in use; in [-1, 1]. */
  readonly difference: number;
  /** Of the difference, at 95 % or more, over groups of devices; null where they are too few, or too much alike, to tell. */
  readonly interval: readonly [number, number] | null;
  /** Two-sided, for no difference: at most this. */
  readonly pValue: number | null;
}

/**
 * Pools the released views of one cohort; null without labels. The error is the sum of the windows' own, weighted by their
 * labels: an upper bound (triangle inequality), reached where a device differs alike in all windows. Where the groups of devices do
 * not differ at all, the rows alone say what is chance, by McNemar's exact test.
 */
export function pooledShadowLabels(
  { layout, profile }: MonitoredVersion,
  views: readonly ReleasedView[],
): ShadowLabels | null {
  const windows = views.flatMap((view) => {
    const { shadow } = outcomesOf(view.cells, layout, profile.outcomes);
    return shadow === null || shadow.numLabelled === 0 ? [] : [{ view, shadow }];
  });
  const sum = (of: (shadow: ShadowMeasures) => number): number =>
    windows.reduce((total, { shadow }) => total + of(shadow), 0);
  const numLabelled = sum((shadow) => shadow.numLabelled);
  if (numLabelled === 0) return null;
  const counts = {
    bothRight: sum((shadow) => shadow.bothRight),
    onlyServed: sum((shadow) => shadow.onlyServed),
    onlyShadow: sum((shadow) => shadow.onlyShadow),
    bothWrong: sum((shadow) => shadow.bothWrong),
  };
  const difference = (counts.onlyShadow - counts.onlyServed) / numLabelled;
  const errors = windows.map(({ view, shadow }) => {
    const error = view.outcomeErrors["shadowDifference"];
    return error === undefined ? Number.NaN : (error * shadow.numLabelled) / numLabelled;
  });
  const error = errors.reduce((total, each) => total + each, 0);
  if (error === 0) {
    const { pValue } = mcNemar(counts.onlyServed, counts.onlyShadow, "exact");
    return { ...counts, difference, interval: null, pValue: pValue ?? null };
  }
  return { ...counts, difference, ...certainty(difference, error, windows) };
}

function certainty(
  difference: number,
  error: number,
  windows: readonly { readonly view: ReleasedView }[],
): Pick<ShadowLabels, "interval" | "pValue"> {
  if (Number.isNaN(error)) return { interval: null, pValue: null };
  const t = Math.max(...windows.map(({ view }) => view.t));
  const numGroups = Math.min(...windows.map(({ view }) => view.numGroups));
  const pValue = 2 * studentTail(Math.abs(difference) / error, numGroups - 1);
  const interval = [Math.max(-1, difference - t * error), Math.min(1, difference + t * error)] as const;
  return { interval, pValue };
}
