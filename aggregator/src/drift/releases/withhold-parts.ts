import type { ProfileFeature } from "@fedge/protocol/profile";
import type { MonitoredVersion } from "../references/monitored-version.js";
import { measureFeature } from "../statistics/feature-statistics.js";
import type { ReplicateGroups } from "../statistics/replicate-groups.js";
import type { ClosedWindow } from "./build-release.js";
import { countedPartsOf, withheldCohorts, type CountedPart } from "./counted-parts.js";
import type { FeatureStatistics, ReleasedView, Suppression } from "./release-record.js";

/** What is withheld of a cohort that is shown. */
export interface Withheld {
  readonly parts: ReleasedView["withheld"];
  /** By feature whose values are withheld: that most devices have none is said, as what is broken would be hidden by being so. */
  readonly known: Map<string, Pick<FeatureStatistics, "broken" | "missing">>;
}

interface Cohorts {
  readonly cohorts: ReadonlyMap<string, ReplicateGroups>;
  readonly suppressed: ReadonlyMap<string, Suppression>;
}

/** Empties the cells of what too few devices of a shown cohort counted, before anything else is computed of them; says which. */
export function withholdParts(closed: ClosedWindow, scene: Cohorts): Map<string, Withheld> {
  const found = new Map<string, Withheld>();
  for (const part of countedPartsOf(closed.monitored))
    for (const [cohort, reason] of withheldOf(part, closed, scene)) {
      const groups = scene.cohorts.get(cohort);
      if (groups === undefined) continue;
      const { parts, known } = found.get(cohort) ?? { parts: [], known: new Map() };
      found.set(cohort, { parts: [...parts, { part: part.name, reason }], known });
      if (part.isOfRows) noteBroken(part, closed.monitored, { groups, known });
      for (const cells of [...groups.groups, groups.total])
        for (const { at, size } of part.ranges) cells.fill(0, at, at + size);
    }
  return found;
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

function noteBroken(
  { name }: CountedPart,
  { profile, layout }: MonitoredVersion,
  { groups, known }: { readonly groups: ReplicateGroups; readonly known: Withheld["known"] },
): void {
  const at = profile.features.findIndex((feature) => name === `feature:${feature.name}`);
  const [feature, cells] = [profile.features[at] as ProfileFeature, layout.features[at]];
  if (cells === undefined) return;
  const { numRows, broken, missing } = measureFeature(feature, cells, groups);
  if (numRows >= profile.window.minRows) known.set(feature.name, { broken, missing });
}

/** A feature without counts has too little data; here the reason is another. */
export function tellWithheld(
  features: readonly FeatureStatistics[],
  withheld: ReleasedView["withheld"],
): FeatureStatistics[] {
  const names = new Set(withheld.map(({ part }) => part));
  return features.map((feature) =>
    names.has(`feature:${feature.name}`) && feature.verdict !== "broken_data"
      ? { ...feature, reason: "too few devices counted it" }
      : feature,
  );
}
