import {
  MOMENT_SCALE,
  SQUARE_SCALE,
  type FeatureCells,
  type FeatureRole,
  type NumericFeature,
  type ProfileFeature,
  type ReferenceProfile,
} from "@fedge/protocol/profile";
import { layoutSha256Of } from "../profiles/build-profile.js";
import type { ReleasedView } from "../releases/release-record.js";
import type { MonitoredVersion } from "./monitored-version.js";

export interface WindowsForReference {
  /** Of one cohort and version, any order; at least one. */
  readonly views: readonly ReleasedView[];
  /** False leaves what the model itself gives without a reference: another version's weights will give something else. */
  readonly withPredictions: boolean;
}

const OF_THE_MODEL: ReadonlySet<FeatureRole> = new Set(["prediction", "score", "latency"]);

/**
 * The version's profile with what the fleet counted in place of what was counted in its training data. Bins, categories, ranges
 * and floors stay, so that a person reviews numbers and not a schema; mean and deviation come from the sums of moments, whose
 * values are clipped at `MOMENT_CLIP` deviations. It is made of released windows alone: nothing is in it that is not on the page. What
 * was withheld in one of them has no counts, and so no reference: those of the others would be of windows in which more devices had it.
 */
export function referenceOfWindows(
  { profile, layout }: Pick<MonitoredVersion, "profile" | "layout">,
  { views, withPredictions }: WindowsForReference,
): ReferenceProfile {
  const total = sumsOf(views, layout.numCells);
  const features = profile.features.map((feature, at): ProfileFeature => {
    const cells = layout.features[at] as FeatureCells;
    const counts = [...total.subarray(cells.counts.at, cells.counts.at + cells.counts.size)];
    const isWithheld = views.some((view) => view.features[at]?.isWithheld === true);
    if (isWithheld || (!withPredictions && OF_THE_MODEL.has(feature.role)))
      return { ...feature, counts: counts.map(() => 0) };
    if (feature.kind === "categorical") return { ...feature, counts };
    return { ...feature, counts, ...momentsOf(feature, counts, total.subarray(cells.moments.at)) };
  });
  // What features look like together is in no count of them.
  const { joint: _, ...rest } = profile;
  const { outcomes, window } = profile;
  return {
    ...rest,
    ...{ features, reviewedBy: null, origin: originOf(views) },
    numRows: total[layout.rows.at + 1] as number,
    layoutSha256: layoutSha256Of({ features, outcomes, window }),
  };
}

function sumsOf(views: readonly ReleasedView[], numCells: number): Float64Array {
  const total = new Float64Array(numCells);
  for (const { cells } of views)
    for (let at = 0; at < numCells; at += 1) total[at] = (total[at] as number) + (cells[at] as number);
  return total;
}

/** Of standardised values: a mean of m and a mean square of s are mean + m std and std root(s - m²) of the values. */
function momentsOf(
  { edges, mean, std }: NumericFeature,
  counts: readonly number[],
  moments: Float64Array,
): Pick<NumericFeature, "mean" | "std"> {
  // Bins, below and above: the values that are numbers.
  const numRows = counts.slice(0, edges.length + 1).reduce((sum, count) => sum + count, 0);
  if (numRows === 0 || std === 0) return { mean, std };
  const shift = (moments[0] as number) / MOMENT_SCALE / numRows;
  const square = (moments[1] as number) / SQUARE_SCALE / numRows;
  return { mean: mean + shift * std, std: std * Math.sqrt(Math.max(0, square - shift * shift)) };
}

function originOf(views: readonly ReleasedView[]): string {
  const windows = views.map(({ window }) => window);
  const [first, last] = [Math.min(...windows), Math.max(...windows)];
  const [{ model, version, cohort } = { model: "", version: 0, cohort: "" }] = views;
  const where = cohort === "" ? "the fleet" : cohort.slice(0, 60);
  const which = first === last ? `window ${first}` : `windows ${first} to ${last}`;
  return `${which} of ${where}, ${model}@${version}`;
}
