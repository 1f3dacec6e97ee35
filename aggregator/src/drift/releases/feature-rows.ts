import { missingCellOf, type FeatureCells, type ProfileFeature, type Verdict } from "@fedge/protocol/profile";
import type { FeatureRow } from "../drift-views.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import { numDevicesOf } from "../statistics/feature-statistics.js";
import { effectsOf } from "../verdicts/window-rule.js";
import type { FeatureStatistics, ReleasedView } from "./release-record.js";

const ORDER: readonly Verdict[] = [
  ...(["broken_data", "drift", "warning", "ok", "learning", "not_enough_data", "not_testable"] as const),
];

/**
 * Jensen-Shannon distance, base 2, what chance gives taken off; null of a feature that nobody counted, of which older releases
 * have numbers as if its shares were all 0.
 */
export function scoreOf({
  jensenShannon,
  numRows,
  isWithheld,
}: Pick<FeatureStatistics, "jensenShannon" | "numRows" | "isWithheld">): number | null {
  if (numRows === 0 || isWithheld) return null;
  return Math.sqrt(Math.max(0, jensenShannon.value - jensenShannon.expected));
}

/** Shares of rows that are in no bin or listed category: out of the edges, or of a category that is not listed; null of no row. */
export function outsideShares(
  feature: ProfileFeature,
  cells: FeatureCells | undefined,
  view: ReleasedView,
): { readonly unseen: number | null; readonly outOfRange: number | null } {
  const none = { unseen: null, outOfRange: null };
  if (cells === undefined) return none;
  const { at, size } = cells.weights;
  const counts = view.cells.slice(at, at + size);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return none;
  if (feature.kind === "categorical") {
    const unseen = (counts[missingCellOf(feature) - 1] as number) / total;
    return { unseen, outOfRange: unseen };
  }
  const below = feature.edges.length - 1;
  return { unseen: 0, outOfRange: ((counts[below] as number) + (counts[below + 1] as number)) / total };
}

/** One row. */
export function featureRowOf(
  { profile, layout }: MonitoredVersion,
  at: number,
  parts: { readonly view: ReleasedView; readonly history: readonly ReleasedView[] },
): FeatureRow {
  const { view, history } = parts;
  const [feature, cells] = [profile.features[at] as ProfileFeature, layout.features[at] as FeatureCells];
  const statistics = view.features[at] as FeatureStatistics;
  const { name, kind, role, privacy, importance } = feature;
  return {
    ...{ name, kind, role, privacy, importance, verdict: statistics.verdict, reason: statistics.reason },
    numDevices: numDevicesOf(cells, view.cells),
    numRows: statistics.isWithheld ? 0 : statistics.numRows,
    ...effectsIn(statistics, feature, view.t),
    ...outsideShares(feature, cells, view),
    history: history.flatMap(({ window, features }) => {
      const then = features[at];
      const score = then === undefined ? null : scoreOf(then);
      return score === null ? [] : [{ window, score }];
    }),
  };
}

type Effects = Pick<FeatureRow, "score" | "lower" | "upper" | "limit" | "psi" | "meanShift" | "missing">;

function effectsIn(statistics: FeatureStatistics, feature: ProfileFeature, t: number): Effects {
  const effect = effectsOf(statistics, feature, t).find(({ method }) => method === "jensen-shannon");
  const limit = effect?.floor ?? 0;
  const missing = statistics.numRows === 0 ? null : statistics.missing.value;
  const score = scoreOf(statistics);
  if (score === null) return { score, lower: null, upper: null, limit, psi: null, meanShift: null, missing };
  return {
    ...{ score, lower: effect?.lower ?? null, upper: effect?.upper ?? null, limit },
    psi: statistics.psi.value - statistics.psi.expected,
    meanShift: statistics.meanShift?.value ?? null,
    missing,
  };
}

/** All features of a view: by verdict, then by importance times effect. */
export function featureRowsOf(
  monitored: MonitoredVersion,
  view: ReleasedView,
  history: readonly ReleasedView[],
): FeatureRow[] {
  const rows = monitored.profile.features.map((_, at) => featureRowOf(monitored, at, { view, history }));
  const weight = ({ importance, score }: FeatureRow): number => importance * (score ?? 0);
  return rows.sort(
    (one, other) => ORDER.indexOf(one.verdict) - ORDER.indexOf(other.verdict) || weight(other) - weight(one),
  );
}
