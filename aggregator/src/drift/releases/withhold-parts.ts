import type { FeatureCells, ProfileFeature } from "@fedge/protocol/profile";
import { measureFeature, type MeasuredFeature } from "../statistics/feature-statistics.js";
import type { ReplicateGroups } from "../statistics/replicate-groups.js";
import type { ClosedWindow } from "./build-release.js";
import { countedPartsOf, withheldCohorts, type CountedPart } from "./counted-parts.js";
import type { ReleasedView, Suppression } from "./release-record.js";

/** What is withheld of a cohort that is shown. */
export interface Withheld {
  readonly parts: ReleasedView["withheld"];
  /** What is said of features all the same, by name. */
  readonly features: ReadonlyMap<string, Partial<MeasuredFeature>>;
}

interface Cohorts {
  readonly cohorts: ReadonlyMap<string, ReplicateGroups>;
  readonly suppressed: ReadonlyMap<string, Suppression>;
}

/** Empties the cells of what too few devices of a shown cohort counted, before anything else is computed of them; says which. */
export function withholdParts(closed: ClosedWindow, scene: Cohorts): Map<string, Withheld> {
  // What is withheld of one part must not make another look as if nobody had counted it.
  const found = countedPartsOf(closed.monitored).flatMap((part) =>
    [...withheldOf(part, closed, scene)].map(([cohort, reason]) => ({ part, cohort, reason })),
  );
  const withheld = new Map<string, Withheld>();
  for (const [cohort, groups] of scene.cohorts) {
    const own = found.filter((each) => each.cohort === cohort);
    if (own.length === 0) continue;
    const features = saidOf(
      own.map(({ part }) => part),
      closed,
      groups,
    );
    withheld.set(cohort, { parts: own.map(({ part, reason }) => ({ part: part.name, reason })), features });
    for (const { part } of own)
      for (const cells of [...groups.groups, groups.total])
        for (const { at, size } of part.ranges) cells.fill(0, at, at + size);
  }
  return withheld;
}

function withheldOf(
  { numDevicesIn, isOfRows }: CountedPart,
  { monitored: { layout }, sums, policy: { minDevices } }: ClosedWindow,
  { cohorts, suppressed }: Cohorts,
): Map<string, Suppression> {
  const sizes = [...cohorts].map(([cohort, { total, numDevices }]) => ({
    ...{ cohort, numContributors: numDevicesIn(total) },
    numReporting: isOfRows ? numDevices : (total[layout.rows.at] as number),
  }));
  // All that have rows: then it may be seen of whom the rows may be.
  if (isOfRows && sizes.every(({ numReporting, numContributors }) => numReporting === numContributors))
    return new Map();
  const overlaps = isOfRows
    ? sums.overlaps.map((overlap) => ({ ...overlap, numReporting: overlap.numDevices }))
    : sums.overlaps;
  // A profile has many features: of each, what one cut says has to do.
  return withheldCohorts(sizes, overlaps, { minDevices, suppressed, isCoarse: isOfRows });
}

/**
 * That most rows have no value of a feature is said: what is broken would be hidden by being so. Of which kind these rows are is not,
 * nor how many values of the few are in no closed list: that would be theirs.
 */
function saidOf(
  parts: readonly CountedPart[],
  { monitored: { profile, layout } }: ClosedWindow,
  groups: ReplicateGroups,
): Withheld["features"] {
  const names = new Map(parts.map((part) => [part.name, part]));
  return new Map(
    profile.features.flatMap((feature: ProfileFeature, at) => {
      const part = names.get(`feature:${feature.name}`);
      if (part === undefined) return [];
      if (!part.isOfRows) return [[feature.name, { isWithheld: true }]];
      const open = feature.kind === "categorical" ? { ...feature, isClosed: false } : feature;
      const { numRows, broken } = measureFeature(open, layout.features[at] as FeatureCells, groups);
      return [[feature.name, { numRows, missing: broken, broken, isWithheld: true }]];
    }),
  );
}
