import { FedgeError } from "@fedge/protocol";
import {
  DEVICE_WEIGHT,
  LOSS_CLIP,
  LOSS_SCALE,
  MOMENT_CLIP,
  MOMENT_SCALE,
  SCORE_BINS,
  SCORE_SCALE,
  SQUARE_SCALE,
  signedCell,
  type CellRange,
} from "@fedge/protocol/profile";
import type { MonitoredVersion } from "../references/monitored-version.js";

const MAX_SQUARE = MOMENT_CLIP * MOMENT_CLIP * SQUARE_SCALE;
const MAX_SUM = MOMENT_CLIP * MOMENT_SCALE;
/** Of the cells after the bins, those below and above count numbers. */
const NUMERIC_OUTSIDE = 2;

/**
 * Refuses a vector that no single device can have counted, so that none weighs more than another: it is one device, each
 * feature counts every row once, the shares add up, sums keep to what so many clipped values can give. Throws
 * VECTOR_INVALID naming what does not fit.
 */
export function checkWindow(monitored: MonitoredVersion, vector: Uint32Array): void {
  const { layout, profile, maxCell } = monitored;
  const [numDevices, numRows, numSeen, numFailed] = cells(vector, layout.rows) as Four;
  if (numDevices !== 1) throw refused("it is not of one device");
  const { maxRows } = profile.window;
  if (numRows > maxRows || numRows > numSeen) throw refused(`${numRows} rows; at most ${maxRows} count`);
  if (numSeen > maxCell || numFailed > maxCell) throw refused("more predictions than a device may report");
  checkFeatures(monitored, vector, numRows);
  requireAtMost("latency", total(vector, layout.latency), numSeen + numFailed);
  checkScores(vector, layout.scores, numRows);
  checkLabels(monitored, vector);
  for (const at of indexes(layout.shadow)) requireAtMost("shadow", vector[at] as number, maxCell);
  if (total(vector, layout.verdict) !== 1) throw refused("a device has one verdict");
  requireAtMost("local PSI", total(vector, layout.localPsi), 1);
}

type Four = [number, number, number, number];

function checkFeatures({ layout, profile }: MonitoredVersion, vector: Uint32Array, numRows: number): void {
  const weight = numRows > 0 ? DEVICE_WEIGHT : 0;
  for (let index = 0; index < layout.features.length; index += 1) {
    const { name, counts, weights, moments } = layout.features[index] as (typeof layout.features)[number];
    if (total(vector, counts) !== numRows) throw refused(`feature "${name}" does not count every row once`);
    if (total(vector, weights) !== weight) throw refused(`feature "${name}": its shares do not add up`);
    const feature = profile.features[index];
    if (moments.size === 0 || feature?.kind !== "numeric") continue;
    const numNumbers = total(vector, { at: counts.at, size: feature.edges.length - 1 + NUMERIC_OUTSIDE });
    const sum = Math.abs(signedCell(vector[moments.at] as number));
    requireAtMost(`the sum of "${name}"`, sum, numNumbers * MAX_SUM);
    requireAtMost(`the squares of "${name}"`, vector[moments.at + 1] as number, numNumbers * MAX_SQUARE);
  }
}

/** Of each bin: rows, sum of scores, labelled rows, labelled rows that were right. */
function checkScores(vector: Uint32Array, scores: CellRange, numRows: number): void {
  let numScored = 0;
  if (scores.size === 0) return;
  for (let bin = 0; bin < SCORE_BINS; bin += 1) {
    const at = scores.at + bin * 4;
    const [rows, sum, labelled, right] = cells(vector, { at, size: 4 }) as Four;
    numScored += rows;
    requireAtMost("the sum of scores", sum, rows * SCORE_SCALE);
    requireAtMost("right predictions", right, labelled);
  }
  requireAtMost("scored rows", numScored, numRows);
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

function total(vector: Uint32Array, { at, size }: CellRange): number {
  let sum = 0;
  for (let index = at; index < at + size; index += 1) sum += vector[index] as number;
  return sum;
}

function cells(vector: Uint32Array, { at, size }: CellRange): number[] {
  return Array.from(vector.subarray(at, at + size));
}

function indexes({ at, size }: CellRange): number[] {
  return Array.from({ length: size }, (_, index) => at + index);
}

function requireAtMost(what: string, value: number, most: number): void {
  if (value > most) throw refused(`${what}: ${value}; at most ${most}`);
}

function refused(reason: string): FedgeError {
  return new FedgeError("VECTOR_INVALID", `count vector: ${reason}`);
}
