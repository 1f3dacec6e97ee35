import { createRandom, NUM_REPLICATES, type Random } from "@fedge/protocol";
import {
  DEVICE_WEIGHT,
  MOMENT_SCALE,
  SQUARE_SCALE,
  VERDICTS,
  type FeatureCells,
} from "@fedge/protocol/profile";
import type { MonitoredVersion } from "../references/monitored-version.js";
import { BinGrid } from "./bin-grid.js";
import type { FastNormal } from "./fast-normal.js";

/**
 * A feature of a device: what is added to its values, in standard deviations, the share of its rows that are missing, and the
 * share that never comes of a feature that is counted apart.
 */
export interface Change {
  readonly shift?: number;
  readonly missing?: number;
  readonly absent?: number;
}

export interface VectorShape {
  readonly monitored: MonitoredVersion;
  readonly numDevices: number;
  readonly numRows: number;
  /** Correlation of two rows of one device. */
  readonly correlation: number;
  readonly seed: string;
  /** What is otherwise than in the reference; nothing where it is absent. */
  readonly change?: (device: number, feature: number) => Change | undefined;
}

/**
 * Vectors as devices would send them, of numeric features that are standard normal over the fleet: each device has a mean of
 * its own that stays. Written for speed; what is counted where is the layout's.
 */
export class FleetVectors {
  readonly #random: Random;
  readonly #means: Float64Array;
  readonly #grids: readonly BinGrid[];
  /** A device's rows of one feature. */
  readonly #draws: Float64Array;

  constructor(
    private readonly shape: VectorShape,
    private readonly normal: FastNormal,
  ) {
    const { monitored, numDevices, correlation, seed } = shape;
    const { features } = monitored.profile;
    const spread = Math.sqrt(correlation);
    this.#draws = new Float64Array(shape.numRows);
    this.#random = createRandom(`${seed}/fleet`);
    this.#means = new Float64Array(numDevices * features.length);
    normal.fill(this.#means);
    for (let at = 0; at < this.#means.length; at += 1) this.#means[at] = spread * (this.#means[at] as number);
    this.#grids = features.map((feature) => new BinGrid(feature.kind === "numeric" ? feature.edges : []));
  }

  /** A device's replicate group in one window. */
  replicate(): number {
    return this.#random.below(NUM_REPLICATES);
  }

  /** What the device counts in one window. */
  of(device: number): Uint32Array {
    const { monitored, numRows } = this.shape;
    const { layout } = monitored;
    const vector = new Uint32Array(layout.numCells);
    vector.set([1, numRows, numRows, 0], layout.rows.at);
    vector[layout.verdict.at + VERDICTS.indexOf("ok")] = 1;
    vector[layout.localPsi.at] = 1;
    layout.features.forEach((cells, feature) => {
      this.#count(vector, cells, device, feature);
      spreadWeight(vector, cells, this.#random.unit());
    });
    return vector;
  }

  #count(vector: Uint32Array, cells: FeatureCells, device: number, at: number): void {
    const { monitored, numRows, correlation, change } = this.shape;
    const feature = monitored.profile.features[at];
    if (feature?.kind !== "numeric") throw new Error("a simulated fleet has numeric features only");
    const { shift = 0, missing = 0, absent = 0 } = change?.(device, at) ?? {};
    const mean = (this.#means[device * layoutSize(monitored) + at] as number) + shift;
    const [own, grid, from] = [Math.sqrt(1 - correlation), this.#grids[at] as BinGrid, cells.counts.at];
    const draws = this.#draws;
    this.normal.fill(draws);
    let [sum, squares, numValues] = [0, 0, 0];
    for (let row = 0; row < numRows; row += 1) {
      if (absent > 0 && this.#random.unit() < absent) continue;
      const value = mean + own * (draws[row] as number);
      const isMissing = missing > 0 && this.#random.unit() < missing;
      const cell = from + (isMissing ? grid.missing : grid.cellOf(value));
      vector[cell] = (vector[cell] as number) + 1;
      if (isMissing) continue;
      numValues += 1;
      // None is beyond the clip: that takes more than 8 standard deviations.
      const z = (value - feature.mean) / feature.std;
      sum += Math.round(z * MOMENT_SCALE);
      squares += Math.round(z * z * SQUARE_SCALE);
    }
    vector[cells.contributors.at] = Number(numValues > 0);
    vector[cells.moments.at] = sum;
    vector[cells.moments.at + 1] = squares;
  }
}

function layoutSize({ profile }: MonitoredVersion): number {
  return profile.features.length;
}

/** The device's weight over its cells, rounded at random so that it is right on average, as devices do. */
function spreadWeight(vector: Uint32Array, { counts, weights }: FeatureCells, start: number): void {
  let numRows = 0;
  for (let cell = 0; cell < counts.size; cell += 1) numRows += vector[counts.at + cell] as number;
  if (numRows === 0) return;
  let [given, seen] = [0, 0];
  for (let cell = 0; cell < counts.size; cell += 1) {
    seen += vector[counts.at + cell] as number;
    const until = seen === numRows ? DEVICE_WEIGHT : Math.floor((DEVICE_WEIGHT * seen) / numRows + start);
    vector[weights.at + cell] = until - given;
    given = until;
  }
}
