import { MOMENT_SCALE, SQUARE_SCALE, standardisedValue, type FeatureRows } from "@fedge/protocol/profile";
import type { WatchedFeature } from "./watched-feature.js";

/** In a row's cell: its value breaks the schema. Cells need seven bits at most. */
export const BREAKS = 0x80;
export const CELL = 0x7f;
/** Of rows whose highest score is no probability. */
export const NO_SCORE = 0xffff;

/**
 * What rows add to a window, feature by feature, before and while they are in it. Integers only, so that a row that is
 * taken back leaves nothing.
 */
export class RowBatch {
  numRows = 0;
  /** Cell, and `BREAKS`. */
  cells = new Uint8Array();
  /** Standardised value in the fixed point of moments, and its square in that of squares. */
  sums = new Int16Array();
  squares = new Uint16Array();
  /** Highest score in its fixed point, or `NO_SCORE`. */
  scores = new Uint16Array();

  constructor(
    readonly numFeatures: number,
    numRows = 1,
  ) {
    this.#reserve(numRows);
  }

  /** So many rows from now on, whatever was noted before; a batch is used again and again, and keeps its room. */
  begin(numRows: number): void {
    this.grow(numRows);
    this.scores.fill(NO_SCORE, 0, numRows);
  }

  /** Room for so many rows; those that are there stay. */
  grow(numRows: number): void {
    if (numRows > this.scores.length) this.#reserve(Math.max(numRows, 2 * this.scores.length));
    this.numRows = numRows;
  }

  /** Notes one feature of one row, which is the `from`-th of the prediction. */
  note(row: number, place: number, watched: WatchedFeature, rows: FeatureRows, from: number): void {
    const value = watched.valueOf(rows, from);
    const cell = watched.cellOf(value);
    const at = row * this.numFeatures + place;
    this.cells[at] = watched.breaks(value, cell) ? cell | BREAKS : cell;
    if (watched.momentsAt < 0) return;
    const z = standardisedValue(watched, value);
    this.sums[at] = Math.round(z * MOMENT_SCALE);
    this.squares[at] = Math.round(z * z * SQUARE_SCALE);
  }

  /** Nothing is known of these features yet. */
  leaveOut(features: readonly WatchedFeature[], places: Uint8Array): void {
    for (let row = 0; row < this.numRows; row += 1)
      for (let index = 0; index < places.length; index += 1) {
        const place = places[index] as number;
        const at = row * this.numFeatures + place;
        // Not a break of the schema: the app has not said it yet.
        this.cells[at] = (features[place] as WatchedFeature).missingCell;
        this.sums[at] = 0;
        this.squares[at] = 0;
      }
  }

  /** One row of another batch, here. */
  copy(row: number, from: RowBatch, fromRow: number): void {
    const { numFeatures } = this;
    const [to, begin] = [row * numFeatures, fromRow * numFeatures];
    for (let place = 0; place < numFeatures; place += 1) {
      this.cells[to + place] = from.cells[begin + place] as number;
      this.sums[to + place] = from.sums[begin + place] as number;
      this.squares[to + place] = from.squares[begin + place] as number;
    }
    this.scores[row] = from.scores[fromRow] as number;
  }

  #reserve(numRows: number): void {
    const [size, before] = [numRows * this.numFeatures, { ...this.#arrays() }];
    this.cells = new Uint8Array(size);
    this.sums = new Int16Array(size);
    this.squares = new Uint16Array(size);
    this.scores = new Uint16Array(numRows).fill(NO_SCORE);
    this.cells.set(before.cells);
    this.sums.set(before.sums);
    this.squares.set(before.squares);
    this.scores.set(before.scores);
  }

  #arrays(): Pick<RowBatch, "cells" | "sums" | "squares" | "scores"> {
    const { cells, sums, squares, scores } = this;
    return { cells, sums, squares, scores };
  }
}
