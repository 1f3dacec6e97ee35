import { FedgeError } from "@fedge/protocol";
import {
  DEVICE_WEIGHT,
  isCountedApart,
  missingCellOf,
  LOSS_CLIP,
  LOSS_SCALE,
  MOMENT_CLIP,
  MOMENT_SCALE,
  SCORE_BINS,
  SCORE_SCALE,
  SQUARE_SCALE,
  signedCell,
  type CellRange,
  type FeatureCells,
  type ProfileFeature,
  type VectorLayout,
} from "@fedge/protocol/profile";
import type { MonitoredVersion } from "../references/monitored-version.js";

const MAX_SQUARE = MOMENT_CLIP * MOMENT_CLIP * SQUARE_SCALE;
const MAX_SUM = MOMENT_CLIP * MOMENT_SCALE;
/** So many cells, each below the other, have a sum of 31 bits. */
const MOST_CELLS = 2 ** 15;
const MOST_SUMMED = 2 ** 16;

/**
 * Refuses a vector that no single device can have counted, so that none weighs more than another: it is one device, each
 * feature counts every row once, or of what counts apart no more than may come, the shares add up, sums keep to what so many
 * clipped values can give. Throws VECTOR_INVALID naming what does not fit.
 */
export function checkWindow(monitored: MonitoredVersion, vector: Uint32Array): void {
  const { layout, profile, maxCell } = monitored;
  const [numDevices, numRows, numSeen, numFailed] = cells(vector, layout.rows) as Four;
  if (numDevices !== 1) throw refused("it is not of one device");
  const { maxRows } = profile.window;
  if (numRows > maxRows || numRows > numSeen) throw refused(`${numRows} rows; at most ${maxRows} count`);
  if (numSeen > maxCell || numFailed > maxCell) throw refused("more predictions than a device may report");
  checkFeatures(monitored, vector, numRows);
  requireAtMost("latency", total(vector, layout.latency), Math.min(maxRows, numSeen + numFailed));
  checkScores(vector, layout, numRows);
  checkLabels(monitored, vector);
  for (const num of cells(vector, layout.shadow)) requireAtMost("shadow", num, maxCell);
  checkContributors(vector, layout);
  requireAtMost("labelled rows of a shadow", total(vector, { at: layout.shadow.at, size: 4 }), maxRows);
  if (total(vector, layout.verdict) !== 1) throw refused("a device has one verdict");
  requireAtMost("local PSI", total(vector, layout.localPsi), 1);
}

type Four = [number, number, number, number];

function checkFeatures({ layout, profile }: MonitoredVersion, vector: Uint32Array, numRows: number): void {
  for (let index = 0; index < layout.features.length; index += 1) {
    const { name, counts, weights, contributors, moments } = layout.features[index] as FeatureCells;
    const feature = profile.features[index] as ProfileFeature;
    const numOwn = sumOf(vector, counts.at, counts.size);
    if (isCountedApart(feature)) requireAtMost(`rows of "${name}"`, numOwn, profile.window.maxRows);
    else if (numOwn !== numRows) throw refused(`feature "${name}" does not count every row once`);
    if (sumOf(vector, weights.at, weights.size) !== (numOwn > 0 ? DEVICE_WEIGHT : 0))
      throw refused(`feature "${name}": its shares do not add up`);
    const numValues = sumOf(vector, counts.at, missingCellOf(feature));
    if (vector[contributors.at] !== Number(numValues > 0))
      throw refused(`feature "${name}" has values of nobody`);
    if (moments.size === 0) continue;
    const sum = Math.abs(signedCell(vector[moments.at] as number));
    if (sum > numValues * MAX_SUM) throw refused(`the sum of "${name}" is ${sum}`);
    const squares = vector[moments.at + 1] as number;
    if (squares > numValues * MAX_SQUARE) throw refused(`the squares of "${name}" are ${squares}`);
  }
}

/** Of each bin: rows, sum of scores, labelled rows, labelled rows that were right. */
function checkScores(vector: Uint32Array, { scores, labels }: VectorLayout, numRows: number): void {
  let [numScored, numLabelled, numRight] = [0, 0, 0];
  if (scores.size === 0) return;
  for (let bin = 0; bin < SCORE_BINS; bin += 1) {
    const at = scores.at + bin * 4;
    const [rows, sum, labelled, right] = cells(vector, { at, size: 4 }) as Four;
    numScored += rows;
    numLabelled += labelled;
    numRight += right;
    requireAtMost("the sum of scores", sum, rows * SCORE_SCALE);
    requireAtMost("right predictions", right, labelled);
  }
  requireAtMost("scored rows", numScored, numRows);
  requireAtMost("labelled rows with a score", numLabelled, vector[labels.at] as number);
  requireAtMost("right predictions with a score", numRight, vector[labels.at + 1] as number);
}

function checkLabels({ layout, profile }: MonitoredVersion, vector: Uint32Array): void {
  const [labelled, right, inTop, loss] = cells(vector, layout.labels) as [...Four, number];
  const squares = vector[layout.labels.at + 4] as number;
  requireAtMost("labelled rows", labelled, profile.window.maxRows);
  requireAtMost("right predictions", Math.max(right, inTop), labelled);
  requireAtMost("the sum of losses", loss, labelled * LOSS_CLIP * LOSS_SCALE);
  requireAtMost("the sum of squared errors", squares, labelled * MAX_SQUARE);
  requireAtMost("delays", total(vector, layout.delays), labelled);
  requireAtMost("confusions", total(vector, layout.confusion), labelled);
}

/** Whether the device is one of those that labelled, and of those that ran a shadow, says the vector by itself. */
function checkContributors(vector: Uint32Array, { labels, shadow, contributors }: VectorLayout): void {
  const [hasLabels, hasShadow, hasTruths] = cells(vector, contributors);
  const is = (flag: number | undefined, sum: number): boolean => flag === Number(sum > 0);
  if (!is(hasLabels, vector[labels.at] as number)) throw refused("it counts labels of nobody");
  if (!is(hasShadow, total(vector, shadow))) throw refused("it counts a shadow of nobody");
  if (!is(hasTruths, total(vector, { at: shadow.at, size: 4 })))
    throw refused("it counts labels of a shadow of nobody");
}

function total(vector: Uint32Array, { at, size }: CellRange): number {
  return sumOf(vector, at, size);
}

/** The sum of cells. Small ones are added as integers of 32 bits, which is several times as fast as exact sums of any. */
function sumOf(vector: Uint32Array, at: number, size: number): number {
  let sum = 0;
  let bits = 0;
  const end = at + size;
  const endOfFours = end - (size % 4);
  for (let index = at; index < endOfFours; index += 4) {
    const one = vector[index] as number;
    const two = vector[index + 1] as number;
    const three = vector[index + 2] as number;
    const four = vector[index + 3] as number;
    sum = (sum + ((one + two) | 0) + ((three + four) | 0)) | 0;
    bits |= one | two | three | four;
  }
  for (let index = endOfFours; index < end; index += 1) {
    sum = (sum + (vector[index] as number)) | 0;
    bits |= vector[index] as number;
  }
  if (bits >>> 0 < MOST_SUMMED && size < MOST_CELLS) return sum;
  let exact = 0;
  for (let index = at; index < at + size; index += 1) exact += vector[index] as number;
  return exact;
}

function cells(vector: Uint32Array, { at, size }: CellRange): number[] {
  const found: number[] = [];
  for (let index = at; index < at + size; index += 1) found.push(vector[index] as number);
  return found;
}

function requireAtMost(what: string, value: number, most: number): void {
  if (value > most) throw refused(`${what}: ${value}; at most ${most}`);
}

function refused(reason: string): FedgeError {
  return new FedgeError("VECTOR_INVALID", `count vector: ${reason}`);
}
