import type { Random } from "../../random.js";
import { seededNormal } from "../special/seeded-normal.js";

/** What decides the random Fourier features of rows, besides the seed. */
export interface CosineShape {
  /** Numbers of a row. */
  readonly width: number;
  /** Of the Gaussian kernel, in the unit of the rows. */
  readonly bandwidth: number;
  readonly numCosines: number;
}

/** Directions and phases of random Fourier features. */
export interface RandomCosines {
  /** Direction after direction. */
  readonly weights: Float64Array;
  readonly phases: Float64Array;
}

/** Random features of a Gaussian kernel: directions are normal with deviation 1 / bandwidth, then phases uniform. */
export function cosinesOf({ width, bandwidth, numCosines }: CosineShape, random: Random): RandomCosines {
  return {
    weights: Float64Array.from({ length: numCosines * width }, () => seededNormal(random) / bandwidth),
    phases: Float64Array.from({ length: numCosines }, () => 2 * Math.PI * random.unit()),
  };
}

/** Writes `root(2 / D) cos(w x + b)` of one row at this place. */
export function writeCosines(
  { weights, phases }: RandomCosines,
  row: Float64Array,
  to: Float64Array,
  at: number,
): void {
  const scale = Math.sqrt(2 / phases.length);
  for (let cosine = 0; cosine < phases.length; cosine += 1) {
    let angle = phases[cosine] as number;
    for (let column = 0; column < row.length; column += 1)
      angle += (weights[cosine * row.length + column] as number) * (row[column] as number);
    to[at + cosine] = scale * Math.cos(angle);
  }
}

/** The mean of the features of rows of so many numbers; at least one row. */
export function meanCosines(cosines: RandomCosines, values: Float64Array, width: number): Float64Array {
  const numCosines = cosines.phases.length;
  const numRows = values.length / width;
  const [mean, one] = [new Float64Array(numCosines), new Float64Array(numCosines)];
  for (let row = 0; row < numRows; row += 1) {
    writeCosines(cosines, values.subarray(row * width, (row + 1) * width), one, 0);
    for (let at = 0; at < numCosines; at += 1)
      mean[at] = (mean[at] as number) + (one[at] as number) / numRows;
  }
  return mean;
}
