import type { FeatureRows, FeatureTensor } from "@fedge/protocol/profile";
import { MOMENT_CLIP, MOMENT_SCALE, SQUARE_SCALE } from "@fedge/protocol/profile";
import { BREAKS, type RowBatch } from "./row-batch.js";
import type { WatchedFeature } from "./watched-feature.js";

/** Of each feature: mean, 1 over the deviation, least and greatest value of the schema, first and last edge. */
const NUMBERS = 6;
const [REQUIRED, HAS_MOMENTS] = [1, 2] as const;

/**
 * Numeric features that are single values of one tensor, in flat arrays: fifty features as objects and closures are some
 * hundred places of memory that a model's run has driven from the processor's cache. Notes the same as `RowBatch.note`.
 */
export class NumericBlock {
  readonly #ats: Int32Array;
  readonly #numbers: Float64Array;
  /** Padded with infinity to a power of two, one feature after the other. */
  readonly #edges: Float64Array;
  /** Of each feature: place in the batch, bins, first step of the search, flags. */
  readonly #shapes: Uint8Array;
  readonly #firstEdges: Int32Array;

  constructor(
    private readonly of: "input" | "output",
    private readonly name: string,
    features: readonly WatchedFeature[],
    places: readonly number[],
  ) {
    this.#ats = new Int32Array(places.length);
    this.#numbers = new Float64Array(places.length * NUMBERS);
    this.#shapes = new Uint8Array(places.length * 4);
    this.#firstEdges = new Int32Array(places.length);
    const edges: number[] = [];
    places.forEach((place, index) => {
      this.#firstEdges[index] = edges.length;
      edges.push(...this.#take(features[place] as WatchedFeature, place, index));
    });
    this.#edges = Float64Array.from(edges);
  }

  /** Notes its features for one row, the `from`-th of the prediction. */
  read(batch: RowBatch, rows: FeatureRows, row: number, from: number): void {
    const tensor = (this.of === "input" ? rows.inputs : rows.outputs)[this.name];
    const width = tensor === undefined ? 0 : widthOf(tensor, from);
    const base = row * batch.numFeatures;
    for (let index = 0; index < this.#ats.length; index += 1) {
      const at = this.#ats[index] as number;
      const value = at < width ? Number((tensor as FeatureTensor).data[from * width + at]) : Number.NaN;
      this.#note(batch, base, index, value);
    }
  }

  #note(batch: RowBatch, base: number, index: number, value: number): void {
    const [numbers, shapes, first, shape] = [this.#numbers, this.#shapes, index * NUMBERS, index * 4];
    const at = base + (shapes[shape] as number);
    const flags = shapes[shape + 3] as number;
    const numBins = shapes[shape + 1] as number;
    const cell = this.#cellOf(index, numBins, value);
    const isBreaking =
      cell === numBins + 2
        ? (flags & REQUIRED) !== 0
        : cell > numBins + 2 ||
          value < (numbers[first + 2] as number) ||
          value > (numbers[first + 3] as number);
    batch.cells[at] = isBreaking ? cell | BREAKS : cell;
    if ((flags & HAS_MOMENTS) === 0) return;
    const z = (value - (numbers[first] as number)) * (numbers[first + 1] as number);
    const clipped =
      cell > numBins + 1 ? 0 : z > MOMENT_CLIP ? MOMENT_CLIP : z < -MOMENT_CLIP ? -MOMENT_CLIP : z;
    batch.sums[at] = Math.round(clipped * MOMENT_SCALE);
    batch.squares[at] = Math.round(clipped * clipped * SQUARE_SCALE);
  }

  /** As `cellsOf` has it for numbers. */
  #cellOf(index: number, numBins: number, value: number): number {
    const lowest = this.#numbers[index * NUMBERS + 4] as number;
    const highest = this.#numbers[index * NUMBERS + 5] as number;
    if (value < lowest) return value === Number.NEGATIVE_INFINITY ? numBins + 4 : numBins;
    if (value >= highest) {
      if (value === highest) return numBins - 1;
      return value === Number.POSITIVE_INFINITY ? numBins + 4 : numBins + 1;
    }
    if (Number.isNaN(value)) return numBins + 2;
    const first = this.#firstEdges[index] as number;
    let bin = 0;
    for (let step = this.#shapes[index * 4 + 2] as number; step > 0; step >>= 1)
      bin += step * Number((this.#edges[first + bin + step] as number) <= value);
    return bin;
  }

  #take({ feature, momentsAt, mean, perDeviation }: WatchedFeature, place: number, index: number): number[] {
    if (feature.kind !== "numeric" || feature.source.take !== "value") throw new RangeError(feature.name);
    const { edges, range, required } = feature;
    this.#ats[index] = feature.source.at;
    const [least, most] = [range.min ?? Number.NEGATIVE_INFINITY, range.max ?? Number.POSITIVE_INFINITY];
    const ends = [edges[0] as number, edges[edges.length - 1] as number];
    this.#numbers.set([mean, perDeviation, least, most, ...ends], index * NUMBERS);
    let size = 1;
    while (size < edges.length) size *= 2;
    const flags = (required ? REQUIRED : 0) | (momentsAt < 0 ? 0 : HAS_MOMENTS);
    this.#shapes.set([place, edges.length - 1, size >> 1, flags], index * 4);
    return [...edges, ...Array<number>(size - edges.length).fill(Number.POSITIVE_INFINITY)];
  }
}

/** Numbers of one row; 0 where there is no such row, or the data are not those of the shape. */
function widthOf({ shape, data }: FeatureTensor, row: number): number {
  const numRows = shape[0] ?? 1;
  const width = data.length / numRows;
  return row < numRows && Number.isInteger(width) ? width : 0;
}
