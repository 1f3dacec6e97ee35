import {
  DEFAULT_METHODS,
  type FeatureSource,
  type ProfileFeature,
  type ReferenceProfile,
} from "@fedge/protocol/profile";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { durationText, percentText } from "../text.js";

/** A profile for people: what it is of, and a line for each feature. */
export function profileText(profile: ReferenceProfile): string {
  const { window, outcomes } = profile;
  const facts = formatFields([
    ["model", profile.model],
    ["rows", profile.numRows.toLocaleString("en")],
    ["origin", profile.origin],
    ["reviewed by", profile.reviewedBy ?? "nobody yet"],
    [
      "window",
      `${durationText(window.lengthMs)}, ${window.maxRows} rows of a device, ${window.numKept} kept`,
    ],
    ["classes", outcomes.numClasses === 0 ? "none" : String(outcomes.numClasses)],
    ["together", jointText(profile.joint)],
    ["layout", profile.layoutSha256.slice(0, 12)],
  ]);
  return `${facts}${formatTable(COLUMNS, profile.features)}`;
}

/** What of the features is compared together. */
function jointText(joint: ReferenceProfile["joint"]): string {
  if (joint === undefined) return "nothing";
  const { classifier, groups } = joint;
  const ofClassifier = classifier === null ? [] : [`${classifier.features.length} inputs by a classifier`];
  return [...ofClassifier, ...groups.map(({ name, features }) => `${features.length} ${name}`)].join(", ");
}

const COLUMNS: readonly TableColumn<ProfileFeature>[] = [
  { title: "FEATURE", cell: ({ name }) => name },
  { title: "ROLE", cell: ({ role }) => role },
  { title: "SOURCE", cell: ({ source }) => sourceText(source) },
  { title: "CELLS", cell: cellsText },
  { title: "MEAN", isNumber: true, cell: (one) => (one.kind === "numeric" ? short(one.mean) : "-") },
  { title: "STD", isNumber: true, cell: (one) => (one.kind === "numeric" ? short(one.std) : "-") },
  { title: "RANGE", cell: rangeText },
  { title: "METHODS", cell: ({ kind, methods }) => (methods ?? DEFAULT_METHODS[kind]).join(" ") },
  { title: "MISSING", isNumber: true, cell: (one) => percentText(missingShare(one)) },
  { title: "PRIVACY", cell: ({ privacy }) => privacy },
];

/** Share of the reference's rows in which there was no value. */
function missingShare(feature: ProfileFeature): number | null {
  const total = feature.counts.reduce((sum, count) => sum + count, 0);
  const at = feature.kind === "numeric" ? feature.edges.length + 1 : feature.categories.length + 1;
  return total === 0 ? null : (feature.counts[at] as number) / total;
}

function sourceText(source: FeatureSource): string {
  if (source.take === "field") return `field ${source.name}`;
  if (source.take === "latency") return "latency";
  return `${source.take} of ${source.of} ${source.name}`;
}

function cellsText(feature: ProfileFeature): string {
  if (feature.kind === "numeric") return `${feature.edges.length - 1} bins`;
  return `${feature.categories.length} categories${feature.isClosed ? "" : " and others"}`;
}

function rangeText(feature: ProfileFeature): string {
  if (feature.kind === "categorical") return "-";
  const { min, max } = feature.range;
  return min === null && max === null
    ? "any"
    : `${min === null ? "" : short(min)}..${max === null ? "" : short(max)}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
