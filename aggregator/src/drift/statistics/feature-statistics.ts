import {
  LEAST_LOG_P,
  divergenceNats,
  greatestDifference,
  hellingerDistance,
  logTwoSidedStudent,
  stabilityIndex,
  variationDistance,
} from "@fedge/protocol/drift";
import {
  DEVICE_WEIGHT,
  MOMENT_SCALE,
  isCountedApart,
  missingCellOf,
  type FeatureCells,
  type NumericFeature,
  type ProfileFeature,
  type ReferenceProfile,
  type VectorLayout,
} from "@fedge/protocol/profile";
import type { Estimate, FeatureStatistics } from "../releases/release-record.js";
import { clusteredTest } from "./clustered-test.js";
import {
  ZERO_SHARE,
  edgeDistance,
  inOrder,
  placesOf,
  sharesOf,
  transportDistance,
  type Shares,
} from "./count-distances.js";
import { jackknifeError, leaveOneOut, type ReplicateGroups } from "./replicate-groups.js";

/** What is computed before verdicts are found. */
export type MeasuredFeature = Omit<FeatureStatistics, "verdict" | "reason" | "isExceeded" | "logP"> & {
  readonly logP: Omit<FeatureStatistics["logP"], "corrected">;
};

/** Everything that one feature's sums say against the reference. */
export function measureFeature(
  feature: ProfileFeature,
  cells: FeatureCells,
  groups: ReplicateGroups,
): MeasuredFeature {
  const numRows = sumOf(groups.total, cells.counts);
  if (numRows === 0) return uncounted(feature.name);
  const [devices, rows] = [weighted(feature, cells.weights, groups), weighted(feature, cells.counts, groups)];
  const numReference = sum(feature.counts);
  const numDevices = numDevicesOf(cells, groups.total);
  const test = clusteredTest({ ...devices, numReference, numRows, numDevices, ordered: orderOf(feature) });
  const meanShift = shiftOf(feature, cells, groups);
  const freedom = groups.groups.length - 1;
  return {
    ...{ name: feature.name, numRows, isWithheld: false },
    psi: { ...estimateOf(devices, psi), expected: test.expected },
    jensenShannon: { ...estimateOf(devices, divergenceBits), expected: test.expected / 8 / Math.LN2 },
    meanShift,
    broken: shareEstimate(devices, (shares) => brokenShare(feature, shares)),
    missing: shareEstimate(devices, (shares) => shares[missingCellOf(feature)] as number),
    logP: {
      cells: test.logP === null ? null : Math.max(LEAST_LOG_P, test.logP),
      mean:
        meanShift === null || !(meanShift.error > 0) || freedom < 2
          ? null
          : Math.max(LEAST_LOG_P, logTwoSidedStudent(meanShift.value / meanShift.error, freedom)),
    },
    errors: otherErrors(feature, devices, rows),
  };
}

/** No row has no shares, and is no distance from the reference. */
function uncounted(name: string): MeasuredFeature {
  const none: Estimate = { value: 0, expected: 0, error: 0 };
  return {
    ...{ name, numRows: 0, isWithheld: false, psi: none, jensenShannon: none, meanShift: null },
    ...{ broken: none, missing: none },
    ...{ logP: { cells: null, mean: null }, errors: {} },
  };
}

interface Weighted {
  readonly p: Shares;
  readonly q: Shares;
  readonly leftOut: readonly Shares[];
}

function weighted(feature: ProfileFeature, range: FeatureCells["counts"], groups: ReplicateGroups): Weighted {
  const share = (cells: Float64Array): Shares => sharesOf(cells, sum(cells));
  return {
    p: sharesOf(feature.counts, sum(feature.counts)),
    q: share(groups.total.slice(range.at, range.at + range.size)),
    leftOut: leaveOneOut(groups, range, share),
  };
}

/** A feature's cells in the order of their values; categories have none. */
function orderOf(feature: ProfileFeature): readonly number[] {
  if (feature.kind === "categorical") return [];
  const below = feature.edges.length - 1;
  return [below, ...Array.from({ length: below }, (_, bin) => bin), below + 1];
}

type Distance = (p: Shares, q: Shares) => number;

const psi: Distance = (p, q) => stabilityIndex(p, q, ZERO_SHARE);
const divergenceBits: Distance = (p, q) => divergenceNats(p, q) / Math.LN2;

function estimateOf({ p, q, leftOut }: Weighted, distance: Distance): Estimate {
  const error = jackknifeError(leftOut.map((shares) => distance(p, shares)));
  return { value: distance(p, q), expected: 0, error };
}

/** A share of rows; expected is the reference's. */
function shareEstimate({ p, q, leftOut }: Weighted, shareOf: (shares: Shares) => number): Estimate {
  return { value: shareOf(q), expected: shareOf(p), error: jackknifeError(leftOut.map(shareOf)) };
}

/** Scores that are computed again from the released counts; only their errors need the groups. */
export function distancesOf(feature: ProfileFeature): Readonly<Record<string, Distance>> {
  const counted = countedDistances(feature);
  if (feature.kind === "categorical") return counted;
  const numBins = feature.edges.length - 1;
  const ordered = Object.entries(orderedDistances(feature)).map(
    ([method, distance]) =>
      [method, (p: Shares, q: Shares) => distance(inOrder(p, numBins), inOrder(q, numBins))] as const,
  );
  return { ...counted, ...Object.fromEntries(ordered) };
}

/** Distances to which the order of the cells is nothing. */
function countedDistances({ kind }: ProfileFeature): Readonly<Record<string, Distance>> {
  const counted = {
    psi,
    "jensen-shannon": (p: Shares, q: Shares) => Math.sqrt(divergenceBits(p, q)),
    hellinger: hellingerDistance,
    "total-variation": variationDistance,
  };
  return kind === "categorical" ? { ...counted, "l-infinity": greatestDifference } : counted;
}

/** Distances of shares that are in the order of their values. */
function orderedDistances({ edges }: Pick<NumericFeature, "edges">): Readonly<Record<string, Distance>> {
  const places = placesOf(edges);
  return {
    "ks-binned": edgeDistance,
    wasserstein: (p: Shares, q: Shares) => transportDistance(p, q, places),
  };
}

function otherErrors(
  feature: ProfileFeature,
  devices: Weighted,
  rows: Weighted,
): FeatureStatistics["errors"] {
  const plain = errorsOf([devices, rows], countedDistances(feature));
  if (feature.kind === "categorical") return plain;
  const numBins = feature.edges.length - 1;
  // Each group's shares are put in order once, not once for each distance.
  const ordered = [devices, rows].map(({ p, q, leftOut }) => ({
    ...{ p: inOrder(p, numBins), q: inOrder(q, numBins) },
    leftOut: leftOut.map((shares) => inOrder(shares, numBins)),
  }));
  return { ...plain, ...errorsOf(ordered, orderedDistances(feature)) };
}

function errorsOf(
  views: readonly Weighted[],
  distances: Readonly<Record<string, Distance>>,
): FeatureStatistics["errors"] {
  const entries = Object.entries(distances).map(([method, distance]) => {
    const errors = views.map(({ p, leftOut }) =>
      rounded(jackknifeError(leftOut.map((shares) => distance(p, shares)))),
    );
    return [method, errors as [number, number]] as const;
  });
  return Object.fromEntries(entries);
}

/** Mean of the standardised values; the reference's own mean is 0, and as uncertain as its rows are few. */
function shiftOf(feature: ProfileFeature, cells: FeatureCells, groups: ReplicateGroups): Estimate | null {
  if (feature.kind !== "numeric" || cells.moments.size === 0) return null;
  const numNumeric = feature.edges.length + 1;
  const span = { at: cells.counts.at, size: cells.moments.at + cells.moments.size - cells.counts.at };
  const momentAt = cells.moments.at - cells.counts.at;
  const meanOf = (all: Float64Array): number => {
    const rows = sumOf(all, { at: 0, size: numNumeric });
    return rows > 0 ? (all[momentAt] as number) / MOMENT_SCALE / rows : 0;
  };
  const numReference = sum(feature.counts.slice(0, numNumeric));
  const spread = jackknifeError(leaveOneOut(groups, span, meanOf));
  const error = Math.sqrt(spread ** 2 + (numReference > 0 ? 1 / numReference : 0));
  return { value: meanOf(groups.total.slice(span.at, span.at + span.size)), expected: 0, error };
}

/** Share of rows that are missing, of the wrong type, not finite, or of a category that a closed list has not. */
export function brokenShare(feature: ProfileFeature, shares: Shares): number {
  const missing = missingCellOf(feature);
  let broken = 0;
  for (let cell = missing; cell < shares.length; cell += 1) broken += shares[cell] as number;
  if (feature.kind === "categorical" && feature.isClosed) broken += shares[missing - 1] as number;
  return broken;
}

/** Devices that counted the feature in a sum: each gives it the same weight. */
export function numDevicesOf({ weights }: Pick<FeatureCells, "weights">, cells: ArrayLike<number>): number {
  return Math.round(sumOf(cells, weights) / DEVICE_WEIGHT);
}

/** Devices that counted rows: those that counted a feature whose rows are the predictions. */
export function numDevicesIn({
  layout,
  profile,
}: {
  readonly layout: VectorLayout;
  readonly profile: Pick<ReferenceProfile, "features">;
}): (cells: ArrayLike<number>) => number {
  const first = profile.features.findIndex((feature) => !isCountedApart(feature));
  // Where every feature counts apart, a device is one that reports.
  if (first < 0) return (cells) => cells[layout.rows.at] as number;
  const weights = layout.features[first]?.weights ?? { at: 0, size: 0 };
  return (cells) => numDevicesOf({ weights }, cells);
}

function sumOf(
  cells: ArrayLike<number>,
  { at, size }: { readonly at: number; readonly size: number },
): number {
  let total = 0;
  for (let cell = at; cell < at + size; cell += 1) total += cells[cell] as number;
  return total;
}

function sum(cells: ArrayLike<number>): number {
  let total = 0;
  for (let cell = 0; cell < cells.length; cell += 1) total += cells[cell] as number;
  return total;
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
