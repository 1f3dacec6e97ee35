import { studentTail } from "@fedge/protocol/drift";
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
  /** Of the difference, at 95 %, over groups of devices; null where there are too few groups. */
  readonly interval: readonly [number, number] | null;
  /** Two-sided, for no difference. */
  readonly pValue: number | null;
}

/**
 * Pools the released views of one cohort; null without labels. The error is the sum of the windows' own, weighted by their
 * labels: an upper bound (triangle inequality), reached where a device differs alike in all windows.
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
  const pValue = difference === 0 ? 1 : 2 * studentTail(Math.abs(difference) / error, numGroups - 1);
  const interval = [Math.max(-1, difference - t * error), Math.min(1, difference + t * error)] as const;
  return { interval, pValue };
}
