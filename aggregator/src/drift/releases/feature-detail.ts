import { FedgeError } from "@fedge/protocol";
import { binnedQuantile } from "@fedge/protocol/drift";
import { cellName, type FeatureCells, type ProfileFeature } from "@fedge/protocol/profile";
import type { FeatureDetail } from "../drift-views.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import { cohortMix } from "../statistics/cohort-mix.js";
import { countsIn, scoresOf } from "../statistics/feature-scores.js";
import { numDevicesOf } from "../statistics/feature-statistics.js";
import { attributeOf } from "../sums/window-key.js";
import { featureRowOf, scoreOf } from "./feature-rows.js";
import type { FeatureStatistics, ReleasedView } from "./release-record.js";

const PROBABILITIES = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

export interface FeatureDetailParts {
  readonly monitored: MonitoredVersion;
  readonly view: ReleasedView;
  /** All views of the release. */
  readonly views: readonly ReleasedView[];
  readonly history: readonly ReleasedView[];
  /** Views of the release before. */
  readonly before: readonly ReleasedView[];
  readonly numTests: number;
  readonly suggestedFloor: FeatureDetail["suggestedFloor"];
}

/** Everything of one feature. Throws OPTION_INVALID for one that the profile does not have. */
export function featureDetailOf(name: string, parts: FeatureDetailParts): FeatureDetail {
  const { monitored, view, views, before } = parts;
  const at = monitored.profile.features.findIndex((feature) => feature.name === name);
  const [feature, cells] = [monitored.profile.features[at], monitored.layout.features[at]];
  if (feature === undefined || cells === undefined)
    throw new FedgeError(
      "OPTION_INVALID",
      `${monitored.model}@${monitored.version} has no feature "${name}"; \`fedge drift fleet --model ${monitored.model}\` lists them`,
    );
  const statistics = view.features[at] as FeatureStatistics;
  const isCounted = ({ features }: ReleasedView): boolean => features[at]?.isWithheld === false;
  const attributes = [...new Set(views.flatMap(({ cohort }) => attributeOf(cohort) ?? []))];
  const { model, version, window, cohort, numGroups } = view;
  return {
    ...featureRowOf(monitored, at, parts),
    ...{ model, version, window, cohort, statistics, suggestedFloor: parts.suggestedFloor },
    ...{ numGroups, numTests: parts.numTests },
    cells: cellsOf(feature, cells, view),
    edges: feature.kind === "numeric" ? [...feature.edges] : null,
    scores: scoresOf({ feature, cells, view, statistics }),
    quantiles: quantilesOf(feature, cells, view),
    cohorts: views.map((each) => cohortOf(each, at, cells)),
    mix: attributes.flatMap((attribute) => {
      const mix = cohortMix(attribute, cells, {
        before: before.filter(isCounted),
        now: views.filter(isCounted),
      });
      return mix === null ? [] : [{ ...mix, cohorts: [...mix.cohorts] }];
    }),
  };
}

function cellsOf(feature: ProfileFeature, cells: FeatureCells, view: ReleasedView): FeatureDetail["cells"] {
  const [rows, devices] = [countsIn({ cells, view }, "rows"), countsIn({ cells, view }, "devices")];
  return feature.counts.map((reference, cell) => ({
    name: cellName(feature, cell),
    ...{ reference, rows: rows[cell] ?? 0, devices: devices[cell] ?? 0 },
  }));
}

function cohortOf(view: ReleasedView, at: number, cells: FeatureCells): FeatureDetail["cohorts"][number] {
  const statistics = view.features[at] as FeatureStatistics;
  return {
    ...{ cohort: view.cohort, verdict: statistics.verdict, score: scoreOf(statistics) },
    numDevices: numDevicesOf(cells, view.cells),
    rows: countsIn({ cells, view }, "rows"),
  };
}

/** Of the rows within the edges, spread evenly in their bins. */
function quantilesOf(
  feature: ProfileFeature,
  cells: FeatureCells,
  view: ReleasedView,
): FeatureDetail["quantiles"] {
  if (feature.kind !== "numeric") return null;
  const numBins = feature.edges.length - 1;
  const current = countsIn({ cells, view }, "rows").slice(0, numBins);
  const known = (value: number): number | null => (Number.isNaN(value) ? null : value);
  return PROBABILITIES.map((probability) => ({
    probability,
    reference: known(binnedQuantile(feature.edges, feature.counts.slice(0, numBins), probability)) ?? 0,
    current: known(binnedQuantile(feature.edges, current, probability)),
  }));
}
