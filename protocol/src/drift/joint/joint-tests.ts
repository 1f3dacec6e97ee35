import type { ClassifierReference, VectorGroup } from "../../profile/joint-reference.js";
import type { ProfileFeature } from "../../profile/reference-profile.js";
import { MOMENT_SCALE } from "../../profile/vector-layout.js";
import { createRandom } from "../../random.js";
import { seededNormal } from "../special/seeded-normal.js";
import { classifierBasis } from "./classifier-basis.js";
import { tellApart, type ToldApart } from "./domain-classifier.js";
import {
  COSINE_SCALE,
  distanceFrom,
  type VectorDistance,
  type VectorReference,
} from "./embedding-distance.js";
import { copulaRows, correlationRoot, rowsAt, spreadRow, type CellRows } from "./gaussian-copula.js";
import { cosinesOf, meanCosines, type RandomCosines } from "./random-cosines.js";
import { CELL_BITS } from "./scored-cells.js";

/** Of more rows of a window so many, spread evenly, are looked at together: a device has other things to do. */
export const MOST_JOINT_ROWS = 500;

/** Rows of all features of a profile, as a window of a device keeps them. */
export interface WindowRows extends CellRows {
  /** Standardised values, row after row, in `MOMENT_SCALE`ths. */
  readonly sums: Int16Array;
}

/** Compares rows with rows that are drawn for this window. Null with too few of them. */
export type Classify = (rows: CellRows, window: string) => ToldApart | null;

/** Compares the vectors of rows in which no number is missing. Null without any. */
export type Compare = (
  rows: WindowRows,
) => { readonly numRows: number; readonly distance: VectorDistance } | null;

/** The classifier of a profile, ready to be asked for each window; throws RangeError for a reference that is not checked. */
export function classifierOf(reference: ClassifierReference, features: readonly ProfileFeature[]): Classify {
  const { correlations, seed, numSynthetic, baselineAuc } = reference;
  const places = placesOf(reference.features, features);
  const basis = classifierBasis(
    places.map((place) => features[place] as ProfileFeature),
    correlations,
  );
  const root = correlationRoot(correlations, places.length);
  if (root === null) throw new RangeError("correlations that contradict each other");
  return (rows, window) => {
    // Others in each window: what chance gives the drawn rows must not be the same in all of them.
    const random = createRandom(seed).fork(window);
    const normals = Float64Array.from({ length: numSynthetic * places.length }, () => seededNormal(random));
    const drawn = copulaRows(basis.features, root, normals);
    const current = rowsAt(rows, places, MOST_JOINT_ROWS);
    return tellApart(basis, { reference: drawn, current }, baselineAuc);
  };
}

/** The vectors of a group, ready to be compared for each window. */
export function comparisonOf(group: VectorGroup, features: readonly ProfileFeature[]): Compare {
  const vectors = vectorsOf(group.features, features);
  const cosines = cosinesOfGroup(group);
  const scale = Math.sqrt(2 / group.cosines.length) / COSINE_SCALE;
  const reference: VectorReference = {
    mean: Float64Array.from(group.cosines, (value) => value * scale),
    ...{ numRows: group.numRows, byChance: group.byChance },
  };
  return (rows) => {
    const values = vectors(rows, MOST_JOINT_ROWS);
    const numRows = values.length / group.features.length;
    if (numRows === 0) return null;
    const current = meanCosines(cosines, values, group.features.length);
    return { numRows, distance: distanceFrom(reference, current, numRows) };
  };
}

/** Directions and phases of a group, by its seed. */
export function cosinesOfGroup({
  features,
  bandwidth,
  seed,
  cosines,
}: Pick<VectorGroup, "features" | "bandwidth" | "seed" | "cosines">): RandomCosines {
  const shape = { width: features.length, bandwidth, numCosines: cosines.length };
  return cosinesOf(shape, createRandom(seed).fork("cosines"));
}

/**
 * Takes the vectors of these features out of rows, at most so many, spread evenly; rows in which one is no finite number are
 * left out.
 */
export function vectorsOf(
  names: readonly string[],
  features: readonly ProfileFeature[],
): (rows: WindowRows, mostRows: number) => Float64Array {
  const places = placesOf(names, features);
  const ends = places.map((place) => {
    const feature = features[place];
    return feature?.kind === "numeric" ? feature.edges.length + 1 : 0;
  });
  return ({ numRows, numFeatures, cells, sums }, mostRows) => {
    const numTaken = Math.min(numRows, mostRows);
    const values = new Float64Array(numTaken * places.length);
    let numKept = 0;
    for (let row = 0; row < numTaken; row += 1) {
      const first = spreadRow(row, numTaken, numRows) * numFeatures;
      const isWhole = places.every((place, at) => {
        return ((cells[first + place] as number) & CELL_BITS) < (ends[at] as number);
      });
      if (!isWhole) continue;
      places.forEach((place, at) => {
        values[numKept * places.length + at] = (sums[first + place] as number) / MOMENT_SCALE;
      });
      numKept += 1;
    }
    return values.subarray(0, numKept * places.length);
  };
}

function placesOf(names: readonly string[], features: readonly ProfileFeature[]): number[] {
  return names.map((name) => features.findIndex((feature) => feature.name === name));
}
