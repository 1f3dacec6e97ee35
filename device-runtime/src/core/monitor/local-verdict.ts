import {
  LEAST_LOG_P,
  chiSquared,
  decodeDriftOptions,
  excessDistance,
  logBenjaminiHochberg,
  logKolmogorovTail,
  noChange,
  psiOf,
  wilsonInterval,
  type Cells,
} from "@fedge/protocol/drift";
import {
  DEFAULT_METHODS,
  MOMENT_SCALE,
  signedCell,
  worstVerdict,
  type FeatureRole,
  type ProfileFeature,
  type Verdict,
  type WindowMethod,
} from "@fedge/protocol/profile";
import { chosenTest } from "./chosen-tests.js";
import type { FeatureJudgement, WindowJudgement } from "./drift-judgement.js";
import { estimatedAccuracy } from "./estimated-accuracy.js";
import { judgeJoint } from "./joint-verdict.js";
import type { JointMeasured } from "./joint-watch.js";
import { judgedBefore, sustained, type Judged } from "./persistence.js";
import { numRowsOf, type WatchedFeature, type WatchedProfile } from "./watched-feature.js";

/** Level of the tests, after Benjamini and Hochberg's correction for all of a window. */
export const ALPHA = 0.05;
const LEAST_BROKEN_ROWS = 5;
/** A change of these is no change of the inputs, nor are they broken inputs: it warns, and never more. */
const SOFT: ReadonlySet<FeatureRole> = new Set(["prediction", "score", "latency", "action", "label"]);
const OPTIONS = decodeDriftOptions({});

/** The counts of a window, what its rows say of features together, and what streams noticed in it. */
export interface CountedWindow {
  readonly window: number;
  readonly vector: Uint32Array;
  readonly numBroken: Uint32Array;
  readonly joint: readonly JointMeasured[];
  readonly noticed: readonly string[];
}

/**
 * What a closed window says, after those before it, the newest last:
 *
 * 1. a schema that at least five rows break, Wilson's lower bound of their share above 1 - `mostly`: `broken_data`, but of no
 *    prediction, score, latency, action or label;
 * 2. below `minRows`: `not_enough_data`; of what counts apart, its own rows;
 * 3. chi-squared and, for numbers, Kolmogorov-Smirnov on the bins, or the tests that the profile names, and of features
 *    together the classifier's rank test and the distance of means, corrected over all of them, AND an effect above its floor
 *    after what chance gives is taken off: exceeded;
 * 4. exceeded in two of three windows that could be judged: `drift`, but `warning` for predictions, scores, latency,
 *    actions and labels; exceeded once, or for one window after a drift: `warning`;
 * 5. a stream that noticed a change: `warning` of the whole.
 */
export function judgeWindow(
  watched: WatchedProfile,
  counted: CountedWindow,
  before: readonly WindowJudgement[],
): WindowJudgement {
  const { rows } = watched.layout;
  const numRows = counted.vector[rows.at + 1] as number;
  const minRows = watched.profile.window.minRows;
  const measured = watched.features.map((one) => measure(one, counted.vector, minRows));
  const alone = measured.flatMap(({ logPs }) => logPs);
  const together = counted.joint.map(({ logPValue }) => logPValue ?? Number.NaN);
  const corrected = logBenjaminiHochberg([...alone, ...together]);
  let at = 0;
  const features = watched.features.map((one, place): FeatureJudgement => {
    const { logPs, ...effects } = measured[place] as Measured;
    const least = Math.min(0, ...corrected.slice(at, (at += logPs.length)));
    const numOwn = numRowsOf(one, counted.vector);
    const broken = brokenReason(one.feature, counted.numBroken[place] as number, numOwn);
    const scene = { numRows: numOwn, minRows, least, broken };
    const effect = { ...effects, hasTest: logPs.length > 0 };
    return judgeFeature(one.feature, effect, scene, featureBefore(before, one.feature));
  });
  const joint = counted.joint.map((one, place) => {
    const scene = { alpha: ALPHA, numRows, minRows, corrected: corrected[alone.length + place] as number };
    return judgeJoint(one, scene, before);
  });
  const psis = measured.flatMap(({ rawPsi }) => rawPsi ?? []);
  const worst = worstVerdict([...features, ...joint].map(({ verdict }) => verdict));
  return {
    ...{ window: counted.window, numRows, features, joint, noticed: counted.noticed },
    numTests: corrected.filter((logP) => !Number.isNaN(logP)).length,
    verdict: worst === "ok" && counted.noticed.length > 0 ? "warning" : worst,
    greatestPsi: numRows > 0 && psis.length > 0 ? Math.max(...psis) : null,
    estimatedAccuracy: estimatedAccuracy(watched, counted.vector),
  };
}

function featureBefore(before: readonly WindowJudgement[], { name }: ProfileFeature) {
  return judgedBefore(before, ({ features }) => features.find((feature) => feature.name === name));
}

interface Effects {
  readonly psi: number | null;
  readonly jensenShannon: number | null;
  readonly meanShift: number | null;
}

interface Measured extends Effects {
  readonly rawPsi: number | null;
  readonly logPs: readonly number[];
}

const NOTHING: Measured = { psi: null, jensenShannon: null, meanShift: null, rawPsi: null, logPs: [] };

function measure(watched: WatchedFeature, vector: Uint32Array, minRows: number): Measured {
  const { feature, countsAt, numCells } = watched;
  const current = vector.subarray(countsAt, countsAt + numCells);
  const cells = cellsOf(feature.counts, current);
  if (cells.n === 0 || cells.m === 0 || cells.labels.length < 2) return NOTHING;
  // Few labels would say something by chance where other features have their rows.
  if (watched.known === "apart" && cells.m < minRows) return NOTHING;
  const { freedom, scale } = noChange(cells);
  const rawPsi = psiOf(cells, OPTIONS);
  return {
    ...{ rawPsi, psi: rawPsi - freedom * scale, jensenShannon: excessDistance(cells) },
    meanShift: meanShift(watched, vector),
    logPs: testsOf(feature).flatMap((method) => {
      if (method === "chi-squared") return chiSquaredLog(cells);
      if (method === "ks-binned") return ksLog(feature, current);
      return chosenTest(method, feature, current) ?? [];
    }),
  };
}

function testsOf({ kind, methods }: ProfileFeature): readonly WindowMethod[] {
  return methods ?? DEFAULT_METHODS[kind];
}

/** Cells without rows on both sides are no cells of a table. */
function cellsOf(reference: readonly number[], current: Uint32Array): Cells {
  const kept = [...reference.keys()].filter((at) => reference[at] !== 0 || current[at] !== 0);
  const pick = (counts: ArrayLike<number>): Float64Array =>
    Float64Array.from(kept, (at) => counts[at] as number);
  const [first, second] = [pick(reference), pick(current)];
  const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);
  return { labels: kept.map(String), reference: first, current: second, n: sum(first), m: sum(second) };
}

function chiSquaredLog(cells: Cells): number {
  const outcome = chiSquared(cells, false);
  return "reason" in outcome ? 0 : (outcome.logPValue ?? 0);
}

/**
 * Kolmogorov and Smirnov's test of the bins in their order, by its limit distribution: conservative, as rows of one bin count
 * as equal, and cheap enough for a page that closes a window of many features.
 */
function ksLog(feature: ProfileFeature, current: Uint32Array): number[] {
  if (feature.kind !== "numeric") return [];
  const below = feature.edges.length - 1;
  const order = [below, ...Array.from({ length: below }, (_, bin) => bin), below + 1];
  const sum = (counts: ArrayLike<number>): number =>
    order.reduce((all, at) => all + (counts[at] as number), 0);
  const [n, m] = [sum(feature.counts), sum(current)];
  if (n === 0 || m === 0) return [];
  let [first, second, distance] = [0, 0, 0];
  for (const at of order) {
    first += feature.counts[at] as number;
    second += current[at] as number;
    distance = Math.max(distance, Math.abs(first / n - second / m));
  }
  return [logKolmogorovTail(distance * Math.sqrt((n * m) / (n + m)))];
}

/** A shift by chance has the expected square 1/n + 1/m. */
function meanShift({ feature, countsAt, momentsAt }: WatchedFeature, vector: Uint32Array): number | null {
  if (feature.kind !== "numeric" || momentsAt < 0) return null;
  const numInside = feature.edges.length - 1 + 2;
  const inside = vector.subarray(countsAt, countsAt + numInside);
  const m = inside.reduce((total, count) => total + count, 0);
  const n = feature.counts.slice(0, numInside).reduce((total, count) => total + count, 0);
  if (m === 0 || n === 0) return null;
  const mean = signedCell(vector[momentsAt] as number) / MOMENT_SCALE / m;
  return Math.sqrt(Math.max(0, mean * mean - (1 / n + 1 / m)));
}

interface Scene {
  readonly numRows: number;
  readonly minRows: number;
  /** Logarithm of the feature's least corrected p-value. */
  readonly least: number;
  readonly broken: string | null;
}

function judgeFeature(
  feature: ProfileFeature,
  { hasTest, psi, jensenShannon, meanShift: shift }: Effects & { readonly hasTest: boolean },
  { numRows, minRows, least, broken }: Scene,
  windowBefore: (back: number) => Judged | undefined,
): FeatureJudgement {
  const logPValue = hasTest ? Math.max(LEAST_LOG_P, least) : null;
  const base = { name: feature.name, psi, jensenShannon, meanShift: shift, logPValue };
  const plain = (verdict: Verdict, reason: string | null): FeatureJudgement => ({
    ...{ ...base, verdict, reason, isExceeded: false },
  });
  if (broken !== null) return plain("broken_data", broken);
  if (!feature.counts.some((count) => count > 0)) return plain("not_testable", "the reference has no rows");
  if (numRows < minRows) return plain("not_enough_data", `${numRows} rows; a verdict needs ${minRows}`);
  if (!hasTest) return plain("not_testable", "constant: there is nothing to test");
  const effect =
    least <= Math.log(ALPHA) ? exceededEffect(feature, { psi, jensenShannon, meanShift: shift }) : null;
  return { ...base, ...sustained(effect, SOFT.has(feature.role), windowBefore) };
}

function exceededEffect({ floors }: ProfileFeature, effects: Effects): string | null {
  const named = [
    ["PSI", effects.psi, floors.psi],
    ["the Jensen-Shannon distance", effects.jensenShannon, floors.jensenShannon],
    ["the shift of the mean in standard deviations", effects.meanShift, floors.meanShift],
  ] as const;
  for (const [name, value, floor] of named)
    if (value !== null && value > floor)
      return `${name} is ${value.toPrecision(3)}, above its floor of ${floor}`;
  return null;
}

function brokenReason({ mostly, role }: ProfileFeature, numBroken: number, numRows: number): string | null {
  if (numBroken < LEAST_BROKEN_ROWS || SOFT.has(role)) return null;
  if (wilsonInterval(numBroken, numRows).low <= 1 - mostly) return null;
  return `${numBroken} of ${numRows} rows are not as the schema says`;
}
