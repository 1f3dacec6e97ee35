import { binnedQuantile, mcNemar, wilsonInterval } from "@fedge/protocol/drift";
import {
  LOCAL_PSI_EDGES,
  LOSS_SCALE,
  SCORE_BINS,
  SCORE_SCALE,
  SQUARE_SCALE,
  VERDICTS,
  type CellRange,
  type OutcomePolicy,
  type VectorLayout,
} from "@fedge/protocol/profile";

/** Bin `i` of latencies begins here, microseconds. */
const FIRST_LATENCY_EDGE_US = 32;
/** Beyond this share of rows outside of what the reference knows, an estimate of accuracy says nothing. */
export const MOST_OUT_OF_RANGE = 0.2;

export interface OutcomeMeasures {
  readonly numSeen: number;
  readonly numRows: number;
  readonly numFailed: number;
  readonly numLabelled: number;
  /** Devices that labelled any. */
  readonly numLabellingDevices: number;
  /** Labelled rows of those seen. */
  readonly labelCoverage: number | null;
  readonly accuracy: number | null;
  readonly recallAtK: number | null;
  readonly macroF1: number | null;
  readonly logLoss: number | null;
  readonly rmse: number | null;
  /** Labels by delay: bin `i` took less than `2^i` seconds. */
  readonly delays: readonly number[];
  readonly latencyP95Us: number | null;
  readonly calibration: readonly CalibrationBin[];
  readonly shadow: ShadowMeasures | null;
  /** Devices by their own verdict. */
  readonly localVerdicts: Readonly<Record<string, number>>;
  /** Devices by their own greatest PSI. */
  readonly localPsi: readonly { readonly below: number | null; readonly numDevices: number }[];
}

export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly numRows: number;
  readonly meanScore: number | null;
  readonly numLabelled: number;
  readonly accuracy: number | null;
  readonly interval: readonly [number, number] | null;
}

export interface ShadowMeasures {
  readonly bothRight: number;
  readonly onlyServed: number;
  readonly onlyShadow: number;
  readonly bothWrong: number;
  /** Of rows that both answered; labels of earlier windows count in the one in which they came. */
  readonly agreement: number | null;
  readonly numFailed: number;
  /** Rows of which the truth is known, and their share of those that both answered. */
  readonly numLabelled: number;
  readonly labelCoverage: number | null;
  /** Accuracy of the shadow less that of the version in use, on the labelled rows; in [-1, 1]. */
  readonly difference: number | null;
  /** McNemar's p, exact below 25 rows that only one has right. It takes rows of one device for independent. */
  readonly pValue: number | null;
}

/** How well the model did, from the sums of a cohort. Ratios are in [0, 1]; null where nothing was counted. */
export function outcomesOf(
  cells: ArrayLike<number>,
  layout: VectorLayout,
  policy: OutcomePolicy,
): OutcomeMeasures {
  const take = ({ at, size }: CellRange): number[] =>
    Array.from({ length: size }, (_, index) => cells[at + index] ?? 0);
  const [, numRows = 0, numSeen = 0, numFailed = 0] = take(layout.rows);
  const [numLabelled = 0, right = 0, inTop = 0, loss = 0, squares = 0] = take(layout.labels);
  const [numLabellingDevices = 0] = take(layout.contributors);
  const isClassifier = policy.numClasses > 0;
  const perLabel = (sum: number): number | null => (numLabelled > 0 ? sum / numLabelled : null);
  const square = perLabel(squares / SQUARE_SCALE);
  return {
    ...{ numSeen, numRows, numFailed, numLabelled, numLabellingDevices },
    labelCoverage: numSeen > 0 ? Math.min(1, numLabelled / numSeen) : null,
    accuracy: isClassifier ? perLabel(right) : null,
    recallAtK: isClassifier ? perLabel(inTop) : null,
    macroF1: layout.confusion.size > 0 ? macroF1(take(layout.confusion), policy.numClasses) : null,
    logLoss: isClassifier ? perLabel(loss / LOSS_SCALE) : null,
    rmse: isClassifier || square === null ? null : policy.errorUnit * Math.sqrt(square),
    delays: take(layout.delays),
    latencyP95Us: latencyQuantile(take(layout.latency), 0.95),
    calibration: calibrationOf(take(layout.scores)),
    shadow: shadowOf(take(layout.shadow)),
    localVerdicts: Object.fromEntries(take(layout.verdict).map((num, at) => [VERDICTS[at] ?? "?", num])),
    localPsi: take(layout.localPsi).map((numDevices, at) => ({
      below: LOCAL_PSI_EDGES[at] ?? null,
      numDevices,
    })),
  };
}

/** Mean of the classes' F1, over classes that are true or predicted at all; null without labels. */
export function macroF1(confusion: readonly number[], numClasses: number): number | null {
  const scores: number[] = [];
  for (let one = 0; one < numClasses; one += 1) {
    const hits = confusion[one * numClasses + one] ?? 0;
    let [numTrue, numPredicted] = [0, 0];
    for (let other = 0; other < numClasses; other += 1) {
      numTrue += confusion[one * numClasses + other] ?? 0;
      numPredicted += confusion[other * numClasses + one] ?? 0;
    }
    if (numTrue + numPredicted > 0) scores.push((2 * hits) / (numTrue + numPredicted));
  }
  return scores.length === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

function latencyQuantile(counts: readonly number[], probability: number): number | null {
  const edges = [0, ...counts.map((_, bin) => FIRST_LATENCY_EDGE_US * 2 ** bin)];
  const value = binnedQuantile(edges, counts, probability);
  return Number.isNaN(value) ? null : value;
}

function calibrationOf(cells: readonly number[]): CalibrationBin[] {
  if (cells.length === 0) return [];
  return Array.from({ length: SCORE_BINS }, (_, bin) => {
    const [numRows = 0, sum = 0, numLabelled = 0, right = 0] = cells.slice(bin * 4, bin * 4 + 4);
    const interval = numLabelled > 0 ? wilsonInterval(right, numLabelled) : null;
    return {
      ...{ from: bin / SCORE_BINS, to: (bin + 1) / SCORE_BINS, numRows, numLabelled },
      meanScore: numRows > 0 ? sum / SCORE_SCALE / numRows : null,
      accuracy: numLabelled > 0 ? right / numLabelled : null,
      interval: interval === null ? null : ([interval.low, interval.high] as const),
    };
  });
}

/** With fewer rows that only one has right, chi-squared is not close enough. */
const EXACT_BELOW = 25;

function shadowOf(cells: readonly number[]): ShadowMeasures | null {
  const [bothRight = 0, onlyServed = 0, onlyShadow = 0, bothWrong = 0] = cells;
  const [agreed = 0, differed = 0, numFailed = 0] = cells.slice(4);
  if (cells.every((count) => count === 0)) return null;
  const numPairs = onlyServed + onlyShadow;
  const numLabelled = bothRight + numPairs + bothWrong;
  const numCompared = agreed + differed;
  const test =
    numPairs === 0 ? null : mcNemar(onlyServed, onlyShadow, numPairs < EXACT_BELOW ? "exact" : "chi-squared");
  return {
    ...{ bothRight, onlyServed, onlyShadow, bothWrong, numFailed, numLabelled },
    agreement: numCompared > 0 ? agreed / numCompared : null,
    labelCoverage: numCompared > 0 ? Math.min(1, numLabelled / numCompared) : null,
    difference: numLabelled > 0 ? (onlyShadow - onlyServed) / numLabelled : null,
    pValue: test?.pValue ?? null,
  };
}

/** Accuracy without labels, as the scores promise it, and the conditions under which it holds. */
export interface EstimatedAccuracy {
  readonly value: number | null;
  readonly conditions: readonly { readonly text: string; readonly holds: boolean | null }[];
}

/**
 * The mean of the highest scores, corrected bin by bin by how often labelled rows of the bin were right (CBPE: a calibrated
 * score is the probability to be right). Withdrawn when more than a fifth of the rows are outside of what the reference knows.
 */
export function estimatedAccuracy(
  calibration: readonly CalibrationBin[],
  outOfRange: number,
  leastLabelled = 20,
): EstimatedAccuracy {
  const numRows = calibration.reduce((sum, bin) => sum + bin.numRows, 0);
  const isKnown = outOfRange <= MOST_OUT_OF_RANGE;
  const off = calibration.filter(
    ({ meanScore, interval, numLabelled }) =>
      numLabelled >= leastLabelled &&
      interval !== null &&
      meanScore !== null &&
      (meanScore < interval[0] || meanScore > interval[1]),
  );
  const hasLabels = calibration.some(({ numLabelled }) => numLabelled >= leastLabelled);
  const expected = calibration.reduce((sum, bin) => sum + bin.numRows * rightShare(bin, leastLabelled), 0);
  return {
    value: numRows > 0 && isKnown ? expected / numRows : null,
    conditions: [
      { text: "scores are calibrated", holds: hasLabels ? off.length === 0 : null },
      { text: "no more than a fifth of the rows are outside of what the reference knows", holds: isKnown },
      { text: "what is right for an input has not changed; counts without labels cannot tell", holds: null },
    ],
  };
}

function rightShare({ meanScore, accuracy, numLabelled }: CalibrationBin, leastLabelled: number): number {
  return (numLabelled >= leastLabelled ? accuracy : meanScore) ?? 0;
}
