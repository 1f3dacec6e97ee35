import type { CategoricalFeature, NumericFeature, ProfileFeature } from "./reference-profile.js";

/** A feature's value; null when it is missing. */
export type FeatureValue = number | string | boolean | null;

/** What a cell after the bins counts, in their order. */
export const NUMERIC_TAIL = ["below", "above", "missing", "wrong-type", "not-finite"] as const;
/** What a cell after the categories counts. */
export const CATEGORICAL_TAIL = ["other", "missing", "wrong-type"] as const;

/** Which of a feature's cells counts missing values. */
export function missingCellOf(feature: ProfileFeature): number {
  return feature.kind === "numeric" ? feature.edges.length - 1 + 2 : feature.categories.length + 1;
}

/** Which of a feature's cells counts a value: 0 to `numValueCells - 1`. */
export type CellOf = (value: FeatureValue) => number;

/** The cells of a feature, ready to be asked for each prediction. */
export function cellsOf(feature: ProfileFeature): CellOf {
  return feature.kind === "numeric" ? numericCells(feature) : categoricalCells(feature);
}

/** NaN is how tensors write a missing number. A bin is closed below, the last one on both sides. */
function numericCells({ edges }: NumericFeature): CellOf {
  const numBins = edges.length - 1;
  const lowest = edges[0] as number;
  const highest = edges[numBins] as number;
  const search = lastEdgeAtMost(edges);
  return (value) => {
    if (value === null) return numBins + 2;
    const number = typeof value === "boolean" ? Number(value) : value;
    if (typeof number !== "number") return numBins + 3;
    if (number >= lowest && number <= highest) return number === highest ? numBins - 1 : search(number);
    if (number < lowest) return number === Number.NEGATIVE_INFINITY ? numBins + 4 : numBins;
    if (number > highest) return number === Number.POSITIVE_INFINITY ? numBins + 4 : numBins + 1;
    return numBins + 2;
  };
}

/** Binary search without a branch on the values: the edges are padded to a power of two. */
function lastEdgeAtMost(edges: readonly number[]): (value: number) => number {
  let size = 1;
  while (size < edges.length) size *= 2;
  const padded = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  padded.set(edges);
  return (value) => {
    let at = 0;
    for (let step = size >> 1; step > 0; step >>= 1)
      at += step * Number((padded[at + step] as number) <= value);
    return at;
  };
}

function categoricalCells({ categories }: CategoricalFeature): CellOf {
  const numCategories = categories.length;
  const cells = new Map<FeatureValue, number>(categories.map((category, at) => [category, at]));
  const types = new Set(categories.map((category) => typeof category));
  return (value) => {
    if (value === null || Number.isNaN(value)) return numCategories + 1;
    return cells.get(value) ?? (types.has(typeof value) ? numCategories : numCategories + 2);
  };
}

/** What the cell counts, for people: `[0.2, 0.5)`, `below`, `"red"`. */
export function cellName(feature: ProfileFeature, cell: number): string {
  if (feature.kind === "categorical") {
    const category = feature.categories[cell];
    return category === undefined
      ? (CATEGORICAL_TAIL[cell - feature.categories.length] ?? "?")
      : JSON.stringify(category);
  }
  const numBins = feature.edges.length - 1;
  if (cell >= numBins) return NUMERIC_TAIL[cell - numBins] ?? "?";
  return `[${feature.edges[cell]}, ${feature.edges[cell + 1]}${cell === numBins - 1 ? "]" : ")"}`;
}
