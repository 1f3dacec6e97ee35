import type { Random } from "@fedge/protocol";
import {
  DEVICE_WEIGHT,
  SCORE_BINS,
  SCORE_SCALE,
  maxCellOf,
  type CellRange,
  type FeatureRows,
  type Verdict,
  LOCAL_PSI_EDGES,
  VERDICTS,
} from "@fedge/protocol/profile";
import { BREAKS, CELL, NO_SCORE, RowBatch } from "./row-batch.js";
import { numRowsOf, sumOf, type WatchedFeature, type WatchedProfile } from "./watched-feature.js";

/** Rows are kept for as many as the window has, so that a quiet window costs little. */
const FIRST_ROOM = 16;

/**
 * The counts of one window. Of more rows than the profile lets count, a uniform sample counts (Vitter's algorithm R): a
 * row that is replaced is taken back exactly, for what it added is kept with it.
 */
export class WindowCounts {
  readonly vector: Uint32Array<ArrayBuffer>;
  /** Rows that break the schema, feature by feature. */
  readonly numBroken: Uint32Array<ArrayBuffer>;
  /** What each counted row added. */
  readonly kept: RowBatch;
  /** Of each counted row the prediction, and which of its rows it is; for what the app says of it later. */
  readonly ids: string[] = [];
  readonly places: number[] = [];
  readonly #most: number;

  constructor(
    readonly watched: WatchedProfile,
    readonly window: number,
    private readonly random: Random,
  ) {
    this.vector = new Uint32Array(watched.layout.numCells);
    this.vector[watched.layout.rows.at] = 1;
    this.numBroken = new Uint32Array(watched.features.length);
    this.kept = new RowBatch(watched.features.length, FIRST_ROOM);
    this.#most = maxCellOf(watched.profile);
  }

  get numRows(): number {
    return this.vector[this.watched.layout.rows.at + 1] as number;
  }

  get numSeen(): number {
    return this.vector[this.watched.layout.rows.at + 2] as number;
  }

  /** Whether nothing was counted at all. */
  get isEmpty(): boolean {
    const { features, layout } = this.watched;
    const { rows, labels, shadow } = layout;
    if (this.#has(rows.at + 1, 3) || this.#has(labels.at, 1) || this.#has(shadow.at, shadow.size))
      return false;
    return !features.some((watched) => numRowsOf(watched, this.vector) > 0);
  }

  /** Counts the rows of a prediction. Beyond what a cell of a device may hold, none. */
  add(batch: RowBatch, latencyBin: number, id: string): void {
    const { rows, latency } = this.watched.layout;
    if (batch.numRows === 0 || this.numSeen + batch.numRows > this.#most) return;
    this.#count(latency.at + latencyBin, 1);
    for (let row = 0; row < batch.numRows; row += 1) {
      const numSeen = this.#count(rows.at + 2, 1);
      const { maxRows } = this.watched.profile.window;
      const slot = numSeen <= maxRows ? numSeen - 1 : this.random.below(numSeen);
      if (slot >= maxRows) continue;
      if (numSeen <= maxRows) this.#open(slot);
      else this.#apply(slot, -1);
      this.kept.copy(slot, batch, row);
      this.#apply(slot, 1);
      this.ids[slot] = id;
      this.places[slot] = row;
    }
  }

  failed(): void {
    const at = this.watched.layout.rows.at + 3;
    if ((this.vector[at] as number) < this.#most) this.#count(at, 1);
  }

  /** A feature of a prediction is known now, or otherwise than before; rows that do not count are left as they are. */
  change(id: string, places: Uint8Array, rows: FeatureRows): void {
    for (let slot = 0; slot < this.kept.numRows; slot += 1) {
      if (this.ids[slot] !== id) continue;
      this.#apply(slot, -1);
      for (const place of places) {
        const watched = this.watched.features[place] as WatchedFeature;
        this.kept.note(slot, place, watched, rows, this.places[slot] as number);
      }
      this.#apply(slot, 1);
    }
  }

  /** Features that count apart, of a prediction of whatever window; no more rows of each than of predictions. */
  came(places: Uint8Array, rows: FeatureRows, numRows: number): void {
    const { features, profile } = this.watched;
    const batch = new RowBatch(features.length);
    for (const place of places) {
      const watched = features[place] as WatchedFeature;
      const numLeft = profile.window.maxRows - numRowsOf(watched, this.vector);
      for (let row = 0; row < numRows && row < numLeft; row += 1) {
        batch.note(0, place, watched, rows, row);
        this.#move(batch, place, place, 1);
      }
    }
  }

  /**
   * Ends the window: each feature's rows as shares of one device's weight, rounded at random so that they add up exactly and
   * are right on average (systematic sampling), and what the device itself makes of it.
   */
  close(verdict: Verdict, greatestPsi: number | null): void {
    const { layout, features } = this.watched;
    for (const { countsAt, weightsAt, numCells, missingCell } of features) {
      this.#share({ at: countsAt, size: numCells }, weightsAt, DEVICE_WEIGHT);
      this.vector[weightsAt + numCells] = Number(this.#has(countsAt, missingCell));
    }
    this.#clipLatency();
    const { labels, shadow, contributors } = layout;
    const has = [this.#has(labels.at, 1), this.#has(shadow.at, shadow.size), this.#has(shadow.at, 4)];
    this.vector.set(has.map(Number), contributors.at);
    this.vector[layout.verdict.at + VERDICTS.indexOf(verdict)] = 1;
    if (greatestPsi === null) return;
    const bin = LOCAL_PSI_EDGES.findIndex((edge) => greatestPsi < edge);
    this.vector[layout.localPsi.at + (bin < 0 ? LOCAL_PSI_EDGES.length : bin)] = 1;
  }

  /** A device that predicts all day would otherwise be most of a fleet's latencies. */
  #clipLatency(): void {
    const { latency } = this.watched.layout;
    const { maxRows } = this.watched.profile.window;
    if (sumOf(latency, this.vector) > maxRows) this.#share(latency, latency.at, maxRows);
  }

  /** Writes counts as shares of a weight. */
  #share({ at, size }: CellRange, sharesAt: number, weight: number): void {
    const total = sumOf({ at, size }, this.vector);
    if (total === 0) return;
    const start = this.random.unit();
    let [seen, given] = [0, 0];
    for (let cell = 0; cell < size; cell += 1) {
      seen += this.vector[at + cell] as number;
      const until = seen === total ? weight : Math.floor((weight * seen) / total + start);
      this.vector[sharesAt + cell] = until - given;
      given = until;
    }
  }

  #open(slot: number): void {
    this.kept.grow(slot + 1);
    this.#count(this.watched.layout.rows.at + 1, 1);
  }

  #apply(slot: number, sign: 1 | -1): void {
    const { kept, watched, vector } = this;
    const { features, layout } = watched;
    const begin = slot * features.length;
    for (let place = 0; place < features.length; place += 1)
      if ((features[place] as WatchedFeature).known !== "apart") this.#move(kept, begin + place, place, sign);
    const score = kept.scores[slot] as number;
    if (score === NO_SCORE || layout.scores.size === 0) return;
    const at = layout.scores.at + 4 * scoreBin(score / SCORE_SCALE);
    vector[at] = (vector[at] as number) + sign;
    vector[at + 1] = (vector[at + 1] as number) + sign * score;
  }

  /** Adds what a batch has there of a feature, or takes it back. */
  #move(batch: RowBatch, from: number, place: number, sign: 1 | -1): void {
    const { vector, numBroken } = this;
    const { countsAt, momentsAt } = this.watched.features[place] as WatchedFeature;
    const cell = batch.cells[from] as number;
    const at = countsAt + (cell & CELL);
    vector[at] = (vector[at] as number) + sign;
    if (cell & BREAKS) numBroken[place] = (numBroken[place] as number) + sign;
    if (momentsAt < 0) return;
    vector[momentsAt] = (vector[momentsAt] as number) + sign * (batch.sums[from] as number);
    const squares = momentsAt + 1;
    vector[squares] = (vector[squares] as number) + sign * (batch.squares[from] as number);
  }

  #count(at: number, by: number): number {
    const sum = (this.vector[at] as number) + by;
    this.vector[at] = sum;
    return sum;
  }

  #has(at: number, size: number): boolean {
    for (let index = at; index < at + size; index += 1) if (this.vector[index] !== 0) return true;
    return false;
  }
}

/** Which tenth a probability is in; 1 is in the last. */
export function scoreBin(score: number): number {
  return Math.min(SCORE_BINS - 1, Math.floor(score * SCORE_BINS));
}
