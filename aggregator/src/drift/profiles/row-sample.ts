import type { Random } from "@fedge/protocol";
import type { WindowRows } from "@fedge/protocol/drift";
import {
  MOMENT_SCALE,
  standardisedValue,
  type FeatureValue,
  type ProfileFeature,
} from "@fedge/protocol/profile";

/** Rows that are held, 60 MB for as many features as a profile may have. */
const MOST_ROWS = 20_000;
/** Room is made as rows come. */
const FIRST_ROOM = 256;

/**
 * A uniform sample of rows (Vitter 1985, algorithm R) as a device's window has them: cells, and standardised values in the
 * fixed point of moments; in random order, for files are often sorted. It is what features are compared together by, and is
 * forgotten with the build.
 */
export class RowSample implements WindowRows {
  readonly numFeatures: number;
  cells: Uint8Array;
  sums: Int16Array;
  numRows = 0;
  #numSeen = 0;
  #slot = 0;
  readonly #scales: readonly { readonly mean: number; readonly perDeviation: number }[];

  constructor(
    features: readonly ProfileFeature[],
    private readonly random: Random,
  ) {
    this.numFeatures = features.length;
    this.cells = new Uint8Array(FIRST_ROOM * features.length);
    this.sums = new Int16Array(FIRST_ROOM * features.length);
    this.#scales = features.map((feature) => {
      const std = feature.kind === "numeric" ? feature.std : 0;
      return { mean: feature.kind === "numeric" ? feature.mean : 0, perDeviation: std > 0 ? 1 / std : 0 };
    });
  }

  /** Whether the next row is one of the sample; then each of its features has to be put. */
  next(): boolean {
    this.#numSeen += 1;
    this.#slot = this.random.below(this.#numSeen);
    if (this.numRows < MOST_ROWS) this.#makeRoom();
    return this.#slot < MOST_ROWS;
  }

  put(place: number, cell: number, value: FeatureValue): void {
    const at = this.#slot * this.numFeatures + place;
    const scale = this.#scales[place];
    this.cells[at] = cell;
    this.sums[at] = scale === undefined ? 0 : Math.round(standardisedValue(scale, value) * MOMENT_SCALE);
  }

  /** The row that was there goes to the end. */
  #makeRoom(): void {
    const [from, to] = [this.#slot * this.numFeatures, this.numRows * this.numFeatures];
    this.numRows += 1;
    this.#grow(this.numRows * this.numFeatures);
    this.cells.copyWithin(to, from, from + this.numFeatures);
    this.sums.copyWithin(to, from, from + this.numFeatures);
  }

  #grow(size: number): void {
    if (size <= this.cells.length) return;
    const [cells, sums] = [new Uint8Array(2 * size), new Int16Array(2 * size)];
    cells.set(this.cells);
    sums.set(this.sums);
    [this.cells, this.sums] = [cells, sums];
  }
}
