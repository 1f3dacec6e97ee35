import type { ProfileFeature } from "../../profile/reference-profile.js";
import { pairAt, type CellRows } from "./gaussian-copula.js";
import { scoredCells, type ScoredCells } from "./scored-cells.js";

/** Numbers that are made of a row: more would take a device's time and tell its few rows apart by chance. */
const MOST_COLUMNS = 64;
/** Of them at most so many of one feature alone: changes of one feature have tests of their own. */
const MOST_MARGINS = 32;
/** Categories that have a column each, the commonest first; the others are told apart by having none. */
const MOST_INDICATORS = 8;

/** One number of a row: a product of what one or two cells stand for. */
export interface BasisColumn {
  /** Places of the features among those of the basis. */
  readonly places: readonly number[];
  /** For each of them a value for every cell. */
  readonly values: readonly Float64Array[];
}

/** What a classifier sees of a row. */
export interface ClassifierBasis {
  readonly features: readonly ScoredCells[];
  readonly columns: readonly BasisColumn[];
}

/**
 * Fixed functions of rows whose means the copula of the reference gives (margins by its cells, products by its correlations),
 * so that rows like the reference's have little that a classifier could find:
 *
 * - the normal score of a number, and its square; an indicator for each of the commonest categories;
 * - products of the scores of two features, those first that the reference ties most, as many as there is room for.
 *
 * Squares are left out where there is no room for a product of each feature with each other.
 */
export function classifierBasis(
  given: readonly ProfileFeature[],
  correlations: ArrayLike<number>,
): ClassifierBasis {
  const features = given.map(scoredCells);
  const columns = features
    .flatMap((scored, place) => ofMargin(given[place] as ProfileFeature, scored, place))
    .slice(0, MOST_MARGINS);
  const pairs = pairsByTie(features.length, correlations);
  const squares = features.flatMap((_, place) =>
    given[place]?.kind === "numeric" ? [productOf([place, place], features)] : [],
  );
  if (columns.length + squares.length + pairs.length <= MOST_COLUMNS) columns.push(...squares);
  const products = pairs.map((pair) => productOf(pair, features));
  return { features, columns: [...columns, ...products].slice(0, MOST_COLUMNS) };
}

/** The columns of these rows, row after row. */
export function columnsOf(
  { columns }: ClassifierBasis,
  { numRows, numFeatures, cells }: CellRows,
): Float64Array {
  const values = new Float64Array(numRows * columns.length);
  columns.forEach((column, at) => {
    for (let row = 0; row < numRows; row += 1) {
      let product = 1;
      for (let factor = 0; factor < column.places.length; factor += 1) {
        const cell = cells[row * numFeatures + (column.places[factor] as number)] as number;
        product *= (column.values[factor] as Float64Array)[cell] as number;
      }
      values[row * columns.length + at] = product;
    }
  });
  return values;
}

function ofMargin(feature: ProfileFeature, { scores }: ScoredCells, place: number): BasisColumn[] {
  if (feature.kind === "numeric") return [{ places: [place], values: [scores] }];
  const { counts, categories } = feature;
  const commonest = [...categories.keys()].sort((a, b) => (counts[b] as number) - (counts[a] as number));
  // One less than there are: the last one is what none of the others is.
  return commonest.slice(0, Math.min(MOST_INDICATORS, categories.length - 1)).map((cell) => {
    return { places: [place], values: [scores.map((_, at) => Number(at === cell))] };
  });
}

function productOf(places: readonly number[], features: readonly ScoredCells[]): BasisColumn {
  return { places, values: places.map((place) => (features[place] as ScoredCells).scores) };
}

/** Every pair of features, the most correlated first; of equals the first. */
function pairsByTie(numFeatures: number, correlations: ArrayLike<number>): [number, number][] {
  const pairs: { readonly pair: [number, number]; readonly tie: number }[] = [];
  for (let row = 1; row < numFeatures; row += 1)
    for (let column = 0; column < row; column += 1)
      pairs.push({ pair: [row, column], tie: Math.abs(correlations[pairAt(row, column)] as number) });
  return pairs.sort((one, other) => other.tie - one.tie).map(({ pair }) => pair);
}
