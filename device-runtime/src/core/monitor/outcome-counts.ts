import type { TensorValue, TensorValues } from "../ports/engine.js";
import {
  DELAY_BINS,
  LOSS_CLIP,
  LOSS_SCALE,
  MOMENT_CLIP,
  SCORE_SCALE,
  SQUARE_SCALE,
  type OutcomePolicy,
} from "@fedge/protocol/profile";
import { scoreBin, type WindowCounts } from "./window-counts.js";

/** A prediction whose truth has come. */
export interface LabelledPrediction {
  readonly outputs: TensorValues;
  readonly label: TensorValue;
  /** From the prediction to the label. */
  readonly delayMs: number;
}

/** The numbers of one row of an output. */
export type RowScores = ArrayLike<number | bigint>;

/**
 * Counts what the truth of a prediction says of the version: in the window in which it comes, for the prediction's own may
 * have been sent. Tells of each row of a classification whether it was right. Beyond the rows that a window may count, and
 * later than the horizon, nothing.
 */
export function countOutcome(
  { watched, vector }: WindowCounts,
  { outputs, label, delayMs }: LabelledPrediction,
  onRow: (isRight: boolean) => void,
): void {
  const { outcomes, window } = watched.profile;
  const output = outputOf(outcomes, outputs);
  const { labels, delays } = watched.layout;
  if (output === undefined || !(delayMs <= outcomes.labelHorizonMs)) return;
  const numRows = output.shape[0] ?? 1;
  for (let row = 0; row < numRows; row += 1) {
    if ((vector[labels.at] as number) >= window.maxRows) return;
    const scores = rowOf(output, row, numRows);
    const truth = rowOf(label, row, numRows);
    const isCounted =
      outcomes.numClasses > 0
        ? countClass({ watched, vector }, scores, truth, onRow)
        : countError({ watched, vector }, scores, truth);
    if (isCounted) add(vector, delays.at + delayBin(delayMs), 1);
  }
}

/** The output that predicts; the only one where the profile names none. */
export function outputOf({ output }: OutcomePolicy, outputs: TensorValues): TensorValue | undefined {
  if (output !== null) return outputs[output];
  const all = Object.values(outputs);
  return all.length === 1 ? all[0] : undefined;
}

/** One row of a tensor whose axis 0 counts so many. */
export function rowOf({ data }: TensorValue, row: number, numRows: number): RowScores {
  const width = numRows === 0 ? 0 : data.length / numRows;
  return data.subarray(row * width, (row + 1) * width);
}

/** The first of the largest; -1 for none. */
export function largestOf(scores: RowScores): number {
  let best = scores.length > 0 ? 0 : -1;
  for (let at = 1; at < scores.length; at += 1) if (Number(scores[at]) > Number(scores[best])) best = at;
  return best;
}

/** Bin `i` takes delays below `2^i` seconds that no earlier one takes; the last takes the rest. */
export function delayBin(delayMs: number): number {
  let bin = 0;
  for (let edgeMs = 1000; bin < DELAY_BINS - 1 && delayMs >= edgeMs; edgeMs *= 2) bin += 1;
  return bin;
}

type Counted = Pick<WindowCounts, "watched" | "vector">;

function countClass(
  { watched, vector }: Counted,
  scores: RowScores,
  truth: RowScores,
  onRow: (isRight: boolean) => void,
): boolean {
  const { layout, profile } = watched;
  const { numClasses, topK } = profile.outcomes;
  const actual = classIn(profile.outcomes, scores, truth);
  if (actual === null) return false;
  const predicted = largestOf(scores);
  const isRight = predicted === actual;
  const { at } = layout.labels;
  add(vector, at, 1);
  if (isRight) add(vector, at + 1, 1);
  if (rankOf(scores, actual) < topK) add(vector, at + 2, 1);
  add(vector, at + 3, Math.round(LOSS_SCALE * Math.min(LOSS_CLIP, lossOf(scores, actual))));
  if (layout.confusion.size > 0) add(vector, layout.confusion.at + actual * numClasses + predicted, 1);
  countCalibration({ watched, vector }, probabilityOf(scores, predicted), isRight);
  onRow(isRight);
  return true;
}

/** The class that the truth of a row names, by its index or one-hot; null where it or the row has none of the model's. */
export function classIn({ numClasses }: OutcomePolicy, scores: RowScores, truth: RowScores): number | null {
  const actual = truth.length === scores.length && truth.length > 1 ? largestOf(truth) : Number(truth[0]);
  // A negative class says that nothing is known of the row.
  const isClass = Number.isInteger(actual) && actual >= 0 && actual < numClasses;
  return isClass && scores.length === numClasses ? actual : null;
}

function countCalibration({ watched, vector }: Counted, score: number, isRight: boolean): void {
  const fixed = fixedScore(score);
  if (fixed === null) return;
  const bin = watched.layout.scores.at + 4 * scoreBin(fixed / SCORE_SCALE);
  add(vector, bin + 2, 1);
  if (isRight) add(vector, bin + 3, 1);
}

/** A probability in the fixed point of scores; null for what is none. */
export function fixedScore(score: number): number | null {
  return score >= 0 && score <= 1 ? Math.round(score * SCORE_SCALE) : null;
}

/** How many scores are higher, or as high and before it. */
function rankOf(scores: RowScores, actual: number): number {
  let rank = 0;
  for (let at = 0; at < scores.length; at += 1) {
    const [score, own] = [Number(scores[at]), Number(scores[actual])];
    if (score > own || (score === own && at < actual)) rank += 1;
  }
  return rank;
}

/** Minus the logarithm of the truth's probability, nats. */
function lossOf(scores: RowScores, actual: number): number {
  const loss = -logProbabilityOf(scores, actual);
  return Number.isNaN(loss) ? LOSS_CLIP : loss;
}

/** What a row's scores say of a class, in [0, 1]; NaN where they say nothing. */
export function probabilityOf(scores: RowScores, of: number): number {
  return Math.exp(logProbabilityOf(scores, of));
}

/** Of scores that are no probabilities, as a model without its last softmax has them, that of their softmax. */
function logProbabilityOf(scores: RowScores, of: number): number {
  const own = Number(scores[of]);
  let [sum, isPositive, most] = [0, true, Number.NEGATIVE_INFINITY];
  for (let at = 0; at < scores.length; at += 1) {
    const score = Number(scores[at]);
    sum += score;
    isPositive &&= score >= 0;
    most = Math.max(most, score);
  }
  // Rounding makes some a little more than 1.
  if (isPositive && Math.abs(sum - 1) < 1e-3) return Math.min(0, Math.log(own));
  let exponentials = 0;
  for (let at = 0; at < scores.length; at += 1) exponentials += Math.exp(Number(scores[at]) - most);
  return own - most - Math.log(exponentials);
}

/** The mean square of a row's errors, in the profile's unit. */
function countError({ watched, vector }: Counted, predicted: RowScores, truth: RowScores): boolean {
  const { errorUnit } = watched.profile.outcomes;
  if (predicted.length === 0 || predicted.length !== truth.length) return false;
  let sum = 0;
  for (let at = 0; at < predicted.length; at += 1)
    sum += ((Number(predicted[at]) - Number(truth[at])) / errorUnit) ** 2;
  const mean = sum / predicted.length;
  if (Number.isNaN(mean)) return false;
  const { at } = watched.layout.labels;
  add(vector, at, 1);
  add(vector, at + 4, Math.round(SQUARE_SCALE * Math.min(MOMENT_CLIP ** 2, mean)));
  return true;
}

function add(vector: Uint32Array, at: number, by: number): void {
  vector[at] = (vector[at] as number) + by;
}
