import { cholesky } from "./cholesky.js";
import { CELL_BITS, type ScoredCells } from "./scored-cells.js";

/** Rows as a window of a device keeps them: what joint tests compare. */
export interface CellRows {
  readonly numRows: number;
  readonly numFeatures: number;
  /** Row after row; bits above `CELL_BITS` say something else. */
  readonly cells: Uint8Array;
}

/** Place of the pair in a list of the lower triangle without its diagonal, row after row; `column` below `row`. */
export function pairAt(row: number, column: number): number {
  return (row * (row - 1)) / 2 + column;
}

/** The root of a correlation matrix given by its pairs; null when they contradict each other. */
export function correlationRoot(pairs: ArrayLike<number>, size: number): Float64Array | null {
  const matrix = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    matrix[row * size + row] = 1;
    for (let column = 0; column < row; column += 1)
      matrix[row * size + column] = pairs[pairAt(row, column)] as number;
  }
  return cholesky(matrix, size);
}

/**
 * Rows whose cells have the shares of the reference, and whose ranks are tied to each other as a normal's with this root of
 * its correlations (Gaussian copula). `normals` are independent standard ones, row after row.
 */
export function copulaRows(
  features: readonly ScoredCells[],
  root: Float64Array,
  normals: Float64Array,
): CellRows {
  const size = features.length;
  const numRows = normals.length / size;
  const cells = new Uint8Array(numRows * size);
  for (let row = 0; row < numRows; row += 1)
    features.forEach(({ order, thresholds }, place) => {
      let normal = 0;
      for (let at = 0; at <= place; at += 1)
        normal += (root[place * size + at] as number) * (normals[row * size + at] as number);
      cells[row * size + place] = order[stepOf(thresholds, normal)] as number;
    });
  return { numRows, numFeatures: size, cells };
}

/** Only some features of the rows, in this order, with their cells alone; of more rows so many, spread evenly. */
export function rowsAt(rows: CellRows, places: readonly number[], mostRows: number): CellRows {
  const numRows = Math.min(rows.numRows, mostRows);
  const cells = new Uint8Array(numRows * places.length);
  for (let row = 0; row < numRows; row += 1) {
    const first = spreadRow(row, numRows, rows.numRows) * rows.numFeatures;
    places.forEach((place, at) => {
      cells[row * places.length + at] = (rows.cells[first + place] as number) & CELL_BITS;
    });
  }
  return { numRows, numFeatures: places.length, cells };
}

/** Which of all rows is one of so many that are spread evenly over them. */
export function spreadRow(row: number, numTaken: number, numRows: number): number {
  return Math.floor((row * numRows) / numTaken);
}

/** How many thresholds the value is above. */
function stepOf(thresholds: Float64Array, value: number): number {
  let [low, high] = [0, thresholds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((thresholds[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
