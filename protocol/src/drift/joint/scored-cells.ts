import type { ProfileFeature } from "../../profile/reference-profile.js";
import { normalQuantile } from "../special/normal.js";

/** Of a row's cell in a device's window: the eighth bit says that the value breaks the schema. */
export const CELL_BITS = 0x7f;

/** A feature's cells as steps of a standard normal: how joint tests see numbers and categories alike. */
export interface ScoredCells {
  /** Of each cell the normal score of its middle rank in the reference; 0 for missing, wrong type and not finite. */
  readonly scores: Float64Array;
  /** The cells in the order of their values. */
  readonly order: Uint8Array;
  /** Where the normal goes over from each cell of the order to the next, so that each has the reference's share; rising. */
  readonly thresholds: Float64Array;
}

/**
 * The normal scores of a feature's cells. Ranks are among the values that are there: the middle of a cell's rows, half a row
 * from either end for one in which the reference has none. The cells of what is no value come last.
 *
 * Source: B. L. van der Waerden 1952, with the middle rank for ties.
 */
export function scoredCells(feature: ProfileFeature): ScoredCells {
  const order = Uint8Array.from(orderOf(feature));
  const numTail = feature.kind === "numeric" ? 3 : 2;
  const present = order.subarray(0, order.length - numTail);
  const numPresent = sumOf(feature, present);
  const numRows = sumOf(feature, order);
  const scores = new Float64Array(order.length);
  const thresholds = new Float64Array(order.length - 1);
  let below = 0;
  order.forEach((cell, place) => {
    const count = feature.counts[cell] as number;
    if (place < present.length && numPresent > 0) {
      const rank = Math.min(numPresent - 0.5, Math.max(0.5, below + count / 2));
      scores[cell] = normalQuantile(rank / numPresent);
    }
    below += count;
    if (place < thresholds.length) thresholds[place] = quantileOf(below, numRows);
  });
  return { scores, order, thresholds };
}

function orderOf(feature: ProfileFeature): number[] {
  const cells = [...feature.counts.keys()];
  if (feature.kind === "categorical") return [...orderOfCategories(feature.categories), ...cells.slice(-3)];
  const numBins = feature.edges.length - 1;
  return [numBins, ...cells.slice(0, numBins), ...cells.slice(numBins + 1)];
}

/** Numbers rise, whatever is commonest among them; other names have no order but their own. */
function orderOfCategories(categories: readonly (string | number | boolean)[]): number[] {
  const places = [...categories.keys()];
  if (categories.some((category) => typeof category !== "number")) return places;
  return places.sort((one, other) => Number(categories[one]) - Number(categories[other]));
}

function sumOf({ counts }: ProfileFeature, cells: Uint8Array): number {
  return cells.reduce((sum, cell) => sum + (counts[cell] as number), 0);
}

function quantileOf(below: number, numRows: number): number {
  if (below === 0) return Number.NEGATIVE_INFINITY;
  return below === numRows ? Number.POSITIVE_INFINITY : normalQuantile(below / numRows);
}
