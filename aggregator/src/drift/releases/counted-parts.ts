import {
  isCountedApart,
  SCORE_BINS,
  type CellRange,
  type FeatureCells,
  type ProfileFeature,
  type VectorLayout,
} from "@fedge/protocol/profile";
import type { Overlap } from "../drift-store.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import type { Suppression } from "./release-record.js";
import { suppressedCohorts } from "./suppression.js";

/** What some devices of a cohort count and others do not: labels, a shadow, values of a feature. */
export interface CountedPart {
  /** `labels`, `shadow`, `shadow-labels`, or `feature:` and its name. */
  readonly name: string;
  readonly ranges: readonly CellRange[];
  /** Devices that counted any of it, in a sum. */
  readonly numDevicesIn: (cells: ArrayLike<number>) => number;
  /** Of a feature whose rows are the predictions: who contributes has rows, and how many have none is known. */
  readonly isOfRows: boolean;
}

/** All parts of a version's vectors. */
export function countedPartsOf({ layout, profile }: MonitoredVersion): CountedPart[] {
  const { labels, delays, confusion, scores, shadow, contributors } = layout;
  const at = (place: number) => (cells: ArrayLike<number>) => cells[contributors.at + place] as number;
  const flag = (place: number): CellRange => ({ at: contributors.at + place, size: 1 });
  const labelledScores = Array.from({ length: scores.size === 0 ? 0 : SCORE_BINS }, (_, bin) => ({
    ...{ at: scores.at + 4 * bin + 2, size: 2 },
  }));
  const judged = { at: shadow.at, size: 4 };
  const isOfRows = false;
  return [
    {
      ...{ name: "labels", numDevicesIn: at(0), isOfRows },
      ranges: [labels, delays, confusion, ...labelledScores, flag(0)],
    },
    { name: "shadow", numDevicesIn: at(1), isOfRows, ranges: [shadow, flag(1), flag(2)] },
    { name: "shadow-labels", numDevicesIn: at(2), isOfRows, ranges: [judged, flag(2)] },
    ...profile.features.map((feature, index) =>
      featurePart(feature, layout, layout.features[index] as FeatureCells),
    ),
  ];
}

function featurePart(
  feature: ProfileFeature,
  { scores }: VectorLayout,
  { counts, weights, contributors, moments }: FeatureCells,
): CountedPart {
  const own = [counts, weights, contributors, moments];
  return {
    ...{ name: `feature:${feature.name}`, isOfRows: !isCountedApart(feature) },
    // Scores by their tenths are of the same values.
    ranges: feature.role === "score" ? [...own, scores] : own,
    numDevicesIn: (sums) => sums[contributors.at] as number,
  };
}

/** A cohort, and how many of the devices that report of it counted the part. */
export interface PartSize {
  readonly cohort: string;
  readonly numReporting: number;
  readonly numContributors: number;
}

/**
 * The cohorts, of those that are shown, of which the part is withheld, and why: as for the whole vector, neither what is shown
 * of it nor any sum or difference of that may be of few devices. Which contributors two cohorts have in common is not known:
 * at least the reporting devices in common, less those of either cohort that do not contribute.
 */
export function withheldCohorts(
  sizes: readonly PartSize[],
  overlaps: readonly Overlap[],
  {
    minDevices,
    suppressed,
    isCoarse = false,
  }: {
    readonly minDevices: number;
    readonly suppressed: ReadonlyMap<string, Suppression>;
    readonly isCoarse?: boolean;
  },
): Map<string, Suppression> {
  // Of a cohort in which nobody counts it there is nothing to tell.
  const counted = sizes.filter(({ numContributors }) => numContributors > 0);
  const sizeOf = new Map(counted.map((size) => [size.cohort, size]));
  const partSizes = counted.map(({ cohort, numContributors, numReporting }) => ({
    ...{ cohort, numReporting, numDevices: numContributors },
  }));
  const common = overlaps.flatMap((overlap) => {
    const [first, second] = [sizeOf.get(overlap.first), sizeOf.get(overlap.second)];
    if (first === undefined || second === undefined) return [];
    const numOthers = Math.min(...[first, second].map((size) => size.numReporting - size.numContributors));
    return [{ ...overlap, numDevices: Math.max(0, overlap.numReporting - numOthers) }];
  });
  const hidden = new Map([...suppressed].filter(([cohort]) => sizeOf.has(cohort)));
  const all = suppressedCohorts(partSizes, common, minDevices, { hidden, isCoarse });
  return new Map([...all].filter(([cohort]) => !suppressed.has(cohort)));
}
