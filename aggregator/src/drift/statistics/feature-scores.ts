import {
  LEAST_LOG_P,
  chiSquared,
  gTest,
  welch,
  type Cells as CountedCells,
  type Outcome,
} from "@fedge/protocol/drift";
import { MOMENT_SCALE, SQUARE_SCALE, type FeatureCells, type ProfileFeature } from "@fedge/protocol/profile";
import type { FeatureStatistics, ReleasedView } from "../releases/release-record.js";
import { FLEET_FLOOR_SHARE } from "../verdicts/window-rule.js";
import { binError, inOrder, sharesOf, ZERO_SHARE } from "./count-distances.js";
import { distancesOf, numDevicesOf } from "./feature-statistics.js";

export const WEIGHTINGS = ["devices", "rows"] as const;
export type Weighting = (typeof WEIGHTINGS)[number];

/** One number of a feature with everything that it takes to compute it again. */
export interface FeatureScore {
  readonly method: string;
  readonly weighting: Weighting;
  readonly score: number | null;
  /** What it is expected to be when nothing changed; null where that is not taken off. */
  readonly expected: number | null;
  /** 95 % interval of the score, by the jackknife over replicate groups; null where there is none. */
  readonly lower: number | null;
  readonly upper: number | null;
  /** What the lower end, less what is expected, has to be above; null for scores that no verdict goes by. */
  readonly limit: number | null;
  readonly logPValue: number | null;
  readonly numBins: number;
  readonly logBase: string | null;
  readonly zeroRule: string | null;
  readonly numRows: number;
  readonly numReferenceRows: number;
  readonly numDevices: number;
  /** What else is to be known of it. */
  readonly note: string | null;
}

interface Counted {
  readonly feature: ProfileFeature;
  readonly cells: FeatureCells;
  readonly view: ReleasedView;
  readonly statistics: FeatureStatistics;
}

/** Every score of a feature, from the released counts; only what the groups gave is kept with the release. */
export function scoresOf(counted: Counted): FeatureScore[] {
  // Shares of no row would be all 0, and far from any reference.
  if (counted.statistics.numRows === 0 || counted.statistics.isWithheld) return [];
  const distances = WEIGHTINGS.flatMap((weighting) => distanceScores(counted, weighting));
  return [...distances, ...testScores(counted), clusteredScore(counted), ...shiftScores(counted)];
}

/** Counts of a feature's cells; device-weighted they are shares of each device's weight. */
export function countsIn({ cells, view }: Pick<Counted, "cells" | "view">, weighting: Weighting): number[] {
  const { at, size } = weighting === "devices" ? cells.weights : cells.counts;
  return view.cells.slice(at, at + size);
}

function base(counted: Counted, weighting: Weighting): Omit<FeatureScore, "method" | "score"> {
  return {
    ...{ weighting, expected: null, lower: null, upper: null, limit: null, logPValue: null },
    ...{ logBase: null, zeroRule: null, note: null, numBins: counted.feature.counts.length },
    numRows: counted.statistics.numRows,
    numReferenceRows: sum(counted.feature.counts),
    numDevices: numDevicesOf(counted.cells, counted.view.cells),
  };
}

function distanceScores(counted: Counted, weighting: Weighting): FeatureScore[] {
  const { feature, statistics, view } = counted;
  const counts = countsIn(counted, weighting);
  const [p, q] = [sharesOf(feature.counts, sum(feature.counts)), sharesOf(counts, sum(counts))];
  return Object.entries(distancesOf(feature)).map(([method, distance]) => {
    const score = distance(p, q);
    const error = statistics.errors[method]?.[WEIGHTINGS.indexOf(weighting)] ?? 0;
    const ends = { lower: score - view.t * error, upper: score + view.t * error };
    return {
      ...base(counted, weighting),
      method,
      score,
      ...ends,
      ...definitionOf(counted, method, weighting),
    };
  });
}

function definitionOf({ feature, statistics, view, cells }: Counted, method: string, weighting: Weighting) {
  const isJudged = weighting === "devices";
  if (method === "psi")
    return {
      ...{ logBase: "e", zeroRule: `a share of 0 counts as ${ZERO_SHARE}` },
      expected: isJudged ? statistics.psi.expected : null,
      limit: isJudged ? feature.floors.psi * FLEET_FLOOR_SHARE : null,
    };
  if (method === "jensen-shannon")
    return {
      ...{ logBase: "2", note: "the root of the divergence" },
      expected: isJudged ? Math.sqrt(statistics.jensenShannon.expected) : null,
      limit: isJudged ? feature.floors.jensenShannon * FLEET_FLOOR_SHARE : null,
    };
  if (method !== "wasserstein" || feature.kind !== "numeric") return {};
  const numBins = feature.edges.length - 1;
  const counts = countsIn({ cells, view }, weighting);
  const ordered = (all: readonly number[]) => inOrder(sharesOf(all, sum(all)), numBins);
  const within = binError(ordered(feature.counts), ordered(counts), feature.edges);
  return { note: `of binned rows; of the rows themselves within ${within.toPrecision(3)}` };
}

/** Plain tests on rows. They take the rows of one device for independent, which they are not: for comparison only. */
function testScores(counted: Counted): FeatureScore[] {
  const cells = countedCells(counted);
  const isEmpty = cells.n === 0 || cells.m === 0;
  const tests: [string, Outcome][] = isEmpty
    ? []
    : [
        ["chi-squared", chiSquared(cells, false)],
        ["g-test", gTest(cells, false)],
      ];
  return tests.flatMap(([method, outcome]) => {
    if ("reason" in outcome) return [];
    const note = `Cramér's V ${(outcome.effect?.value ?? 0).toPrecision(3)}; takes rows of one device for independent`;
    const { statistic: score, logPValue = null } = outcome;
    return [{ ...base(counted, "rows"), method, score, logPValue: finite(logPValue), note }];
  });
}

function clusteredScore(counted: Counted): FeatureScore {
  const { logP } = counted.statistics;
  return {
    ...{ ...base(counted, "devices"), method: "rao-scott", score: null, logPValue: logP.cells },
    note: `second-order test by ${counted.view.numGroups} replicate groups; corrected for all tests of the window: log p ${logP.corrected.toPrecision(4)}`,
  };
}

function shiftScores(counted: Counted): FeatureScore[] {
  const { feature, statistics, view } = counted;
  const { meanShift } = statistics;
  const moments = momentsIn(counted);
  if (feature.kind !== "numeric" || meanShift === null || moments === null) return [];
  const half = view.t * meanShift.error;
  const n = sum(feature.counts.slice(0, feature.edges.length + 1));
  const test = welch({ n, mean: 0, variance: 1 }, moments);
  const plain = "reason" in test ? null : test;
  return [
    {
      ...{ ...base(counted, "rows"), method: "mean-shift", score: meanShift.value },
      ...{ lower: meanShift.value - half, upper: meanShift.value + half },
      ...{ limit: feature.floors.meanShift * FLEET_FLOOR_SHARE, logPValue: statistics.logP.mean },
      note: "in standard deviations of the reference, each value clipped to 8 of them",
    },
    {
      ...{ ...base(counted, "rows"), method: "welch", score: plain?.statistic ?? null },
      logPValue: finite(plain?.logPValue ?? null),
      note: "from sums; takes rows of one device for independent",
    },
  ];
}

/** Mean and variance of the standardised values; null without any. */
export function momentsIn({
  feature,
  cells,
  view,
}: Pick<Counted, "feature" | "cells" | "view">): { n: number; mean: number; variance: number } | null {
  if (feature.kind !== "numeric" || cells.moments.size === 0) return null;
  const { at } = cells.counts;
  const n = sum(view.cells.slice(at, at + feature.edges.length + 1));
  if (n < 2) return null;
  const mean = (view.cells[cells.moments.at] as number) / MOMENT_SCALE / n;
  const square = (view.cells[cells.moments.at + 1] as number) / SQUARE_SCALE / n;
  return { n, mean, variance: (Math.max(0, square - mean ** 2) * n) / (n - 1) };
}

/** Cells without rows on both sides are no cells of a table. */
function countedCells(counted: Counted): CountedCells {
  const current = countsIn(counted, "rows");
  const reference = counted.feature.counts;
  const kept = [...reference.keys()].filter((cell) => reference[cell] !== 0 || current[cell] !== 0);
  const pick = (counts: readonly number[]) => Float64Array.from(kept, (cell) => counts[cell] as number);
  return {
    labels: kept.map(String),
    ...{ reference: pick(reference), current: pick(current), n: sum(reference), m: sum(current) },
  };
}

function finite(value: number | null): number | null {
  return value === null ? null : Math.max(LEAST_LOG_P, value);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
