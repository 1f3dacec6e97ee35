import { wilsonInterval } from "@fedge/protocol/drift";
import { SCORE_BINS, SCORE_SCALE } from "@fedge/protocol/profile";
import type { WatchedProfile } from "./watched-feature.js";

/** Beyond this share of rows outside of what the reference knows, an estimate says nothing. */
const MOST_OUT_OF_RANGE = 0.2;
/** A bin with fewer labelled rows does not say whether its scores are calibrated. */
const LEAST_LABELLED = 20;

/**
 * Accuracy without labels (CBPE: a calibrated score is the probability to be right): the mean of the highest scores. Null
 * without scores, where labels of this window contradict their calibration, and where more than a fifth of the rows of any
 * feature are outside of what the reference knows. That what is right for an input has not changed, no count can tell.
 */
export function estimatedAccuracy(watched: WatchedProfile, vector: Uint32Array): number | null {
  const { scores, rows } = watched.layout;
  const numRows = vector[rows.at + 1] as number;
  if (scores.size === 0 || numRows === 0 || greatestUnknown(watched, vector) > MOST_OUT_OF_RANGE) return null;
  let [numScored, sum] = [0, 0];
  for (let bin = 0; bin < SCORE_BINS; bin += 1) {
    const at = scores.at + 4 * bin;
    const [num = 0, scoreSum = 0, numLabelled = 0, numRight = 0] = vector.subarray(at, at + 4);
    numScored += num;
    sum += scoreSum / SCORE_SCALE;
    if (num === 0 || numLabelled < LEAST_LABELLED) continue;
    const { low, high } = wilsonInterval(numRight, numLabelled);
    const mean = scoreSum / SCORE_SCALE / num;
    if (mean < low || mean > high) return null;
  }
  return numScored === 0 ? null : sum / numScored;
}

/** The greatest share of an input's rows that are in no bin and no category, missing ones apart. */
function greatestUnknown({ features, layout }: WatchedProfile, vector: Uint32Array): number {
  const numRows = vector[layout.rows.at + 1] as number;
  let most = 0;
  for (const { feature, countsAt, known } of features) {
    if (known === "apart") continue;
    const numKnown = feature.kind === "numeric" ? feature.edges.length - 1 : feature.categories.length;
    const numOutside = feature.kind === "numeric" ? 2 : 1;
    let sum = 0;
    for (let at = countsAt + numKnown; at < countsAt + numKnown + numOutside; at += 1)
      sum += vector[at] as number;
    most = Math.max(most, sum / numRows);
  }
  return most;
}
