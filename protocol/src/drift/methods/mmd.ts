import { createRandom, type Random } from "../../random.js";
import type { DriftOptions } from "../options.js";
import type { Outcome } from "../result.js";
import { cosinesOf, writeCosines } from "../joint/random-cosines.js";
import { largestOf, powerOfTwoNear } from "../samples/moments.js";
import { emptyReason } from "./kolmogorov-smirnov.js";

/** Rows of the reference that the bandwidth is found from, spread evenly over it. */
const MOST_ROWS_FOR_BANDWIDTH = 500;
const MOST_FEATURE_VALUES = 64_000_000;
/** About a minute. */
const MOST_PERMUTED_VALUES = 2e10;
/** Squares of values between these keep their digits as they are. */
const [LEAST_PLAIN, MOST_PLAIN] = [1e-100, 1e100];

export interface VectorPair {
  readonly width: number;
  /** Row after row. */
  readonly reference: Float64Array;
  readonly current: Float64Array;
}

/**
 * Maximum mean discrepancy with a Gaussian kernel, by random Fourier features: the distance between the samples' means of
 * root(2 / D) cos(w x + b), w normal with deviation 1 / bandwidth and b uniform, from the seed. The sum of features is all that a fleet
 * needs to send. Bandwidth: the median distance between rows of the reference. The p-value is the share of seeded
 * permutations of all rows whose distance is at least as large, (1 + count) / (1 + permutations); none with 0 permutations.
 *
 * Source: A. Rahimi, B. Recht 2007; A. Gretton et al., JMLR 13, 2012.
 */
export function mmd(given: VectorPair, options: DriftOptions): Outcome {
  const { width } = given;
  const { pair, unit } = inUnit(given);
  const n = pair.reference.length / width;
  const m = pair.current.length / width;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  if (![pair.reference, pair.current].every((values) => values.every(Number.isFinite))) {
    return { reason: "infinite values have no distance from others" };
  }
  const excess = excessReason(n + m, options);
  if (excess !== null) return { reason: excess };
  const bandwidth = medianDistance(pair.reference, width);
  if (bandwidth === 0) return { reason: "constant: the median distance between rows of the reference is 0" };
  const random = createRandom(options.seed);
  const features = featuresOf(pair, bandwidth, options.cosines, random.fork("cosines"));
  const order = Uint32Array.from({ length: n + m }, (_value, index) => index);
  const square = squaredDistance(features, order, n, options.cosines);
  const permuted = permutedDistances(features, order, n, options, random.fork("permutations"));
  const numAsLarge = permuted.filter((value) => value >= square).length;
  const byChance = permuted.reduce((sum, value) => sum + value, 0) / permuted.length;
  return {
    statistic: Math.sqrt(square),
    n,
    m,
    ...(permuted.length === 0 ? {} : { logPValue: Math.log((1 + numAsLarge) / (1 + permuted.length)) }),
    effect: {
      name: "MMD without what chance gives",
      value: Math.sqrt(Math.max(0, square - (permuted.length === 0 ? 1 / n + 1 / m : byChance))),
    },
    details: {
      squared: square,
      bandwidth: bandwidth * unit,
      cosines: options.cosines,
      permutations: permuted.length,
      seed: options.seed,
    },
  };
}

/** Why so many rows would take too much memory or time; null where they would not. */
function excessReason(numRows: number, { cosines, permutations }: DriftOptions): string | null {
  const numValues = numRows * cosines;
  if (numValues > MOST_FEATURE_VALUES) return `rows times cosines may be at most ${MOST_FEATURE_VALUES}`;
  return numValues * permutations > MOST_PERMUTED_VALUES
    ? `rows times cosines times permutations may be at most ${MOST_PERMUTED_VALUES}`
    : null;
}

/**
 * Very large or small values divided by a power of two near the largest of the reference, since their squares are no doubles. The kernel is of
 * distances by bandwidths, so the distance stays what it is.
 */
function inUnit(pair: VectorPair): { readonly pair: VectorPair; readonly unit: number } {
  const largest = largestOf(pair.reference);
  if (largest === 0 || (largest >= LEAST_PLAIN && largest <= MOST_PLAIN)) return { pair, unit: 1 };
  const unit = powerOfTwoNear(largest);
  const divided = (values: Float64Array): Float64Array => values.map((value) => value / unit);
  return { pair: { ...pair, reference: divided(pair.reference), current: divided(pair.current) }, unit };
}

/** Between rows of so many numbers, of all pairs of at most 500 of them, spread evenly; 0 of fewer than two rows. */
export function medianDistance(values: Float64Array, width: number): number {
  const numRows = values.length / width;
  const step = Math.max(1, numRows / MOST_ROWS_FOR_BANDWIDTH);
  const rows: Float64Array[] = [];
  for (let at = 0; at < numRows; at += step) {
    const row = Math.floor(at);
    rows.push(values.subarray(row * width, (row + 1) * width));
  }
  const distances = new Float64Array((rows.length * (rows.length - 1)) / 2);
  let size = 0;
  for (let i = 1; i < rows.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      distances[size] = distance(rows[i] as Float64Array, rows[j] as Float64Array);
      size += 1;
    }
  }
  if (size === 0) return 0;
  distances.sort();
  const upper = Math.floor(size / 2);
  const middle = distances[upper] as number;
  return size % 2 === 1 ? middle : ((distances[upper - 1] as number) + middle) / 2;
}

function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += ((a[index] as number) - (b[index] as number)) ** 2;
  return Math.sqrt(sum);
}

function featuresOf(
  { reference, current, width }: VectorPair,
  bandwidth: number,
  numCosines: number,
  random: Random,
): Float64Array {
  const cosines = cosinesOf({ width, bandwidth, numCosines }, random);
  const features = new Float64Array(((reference.length + current.length) / width) * numCosines);
  let row = 0;
  for (const values of [reference, current])
    for (let from = 0; from < values.length; from += width) {
      writeCosines(cosines, values.subarray(from, from + width), features, row * numCosines);
      row += 1;
    }
  return features;
}

/** Between the mean features of the first n rows in this order and of the others. */
function squaredDistance(features: Float64Array, order: Uint32Array, n: number, numCosines: number): number {
  const m = order.length - n;
  const difference = new Float64Array(numCosines);
  for (let place = 0; place < order.length; place += 1) {
    const weight = place < n ? 1 / n : -1 / m;
    const from = (order[place] as number) * numCosines;
    for (let cosine = 0; cosine < numCosines; cosine += 1) {
      difference[cosine] = (difference[cosine] as number) + weight * (features[from + cosine] as number);
    }
  }
  return difference.reduce((sum, value) => sum + value * value, 0);
}

function permutedDistances(
  features: Float64Array,
  identity: Uint32Array,
  n: number,
  { permutations, cosines }: DriftOptions,
  random: Random,
): number[] {
  const order = identity.slice();
  return Array.from({ length: permutations }, () => {
    for (let last = order.length - 1; last > 0; last -= 1) {
      const pick = random.below(last + 1);
      [order[last], order[pick]] = [order[pick] as number, order[last] as number];
    }
    return squaredDistance(features, order, n, cosines);
  });
}
