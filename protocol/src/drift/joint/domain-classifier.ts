import { deviationOfU, referenceU } from "../methods/rank-tests.js";
import { pooledNumbers } from "../samples/pooled.js";
import { logNormalTail } from "../special/normal.js";
import { columnsOf, type ClassifierBasis } from "./classifier-basis.js";
import type { CellRows } from "./gaussian-copula.js";
import { logOdds, logisticRegression } from "./logistic-regression.js";

/** Of standardised columns, for each row that is learned from: few rows tell many columns apart by chance. */
const RIDGE_PER_ROW = 0.02;
const LEAST_ROWS = 20;
/** Variance below which a column is rounding and nothing else. */
const CONSTANT = 1e-20;

/** What a classifier that has to tell current rows from the reference's finds. */
export interface ToldApart {
  /** Probability that it puts a current row above one of the reference that it has not seen either; 0.5 is chance. */
  readonly auc: number;
  /** log P of that or more, where the rows are told apart no better than with the AUC of `than`; one-sided. */
  readonly logPValue: number;
  /** Of each feature, how much it contributes to the difference; at least 0. */
  readonly weights: Float64Array;
}

/**
 * Tells rows apart by logistic regression, half of them with the weights that the other half gives, and the halves the other
 * way round. Current rows are halved in their order: rows that follow each other are alike, and must not be on both sides.
 * The U of both turns are added, and so are Mann and Whitney's deviations with ties: where nothing differs, both turns find
 * about the same product of what chance gave the halves, so that they are no two witnesses.
 *
 * Null with fewer than twenty rows a side. Source: D. Lopez-Paz, M. Oquab 2017 (classifier two-sample tests).
 */
export function tellApart(
  basis: ClassifierBasis,
  { reference, current }: { readonly reference: CellRows; readonly current: CellRows },
  than = 0.5,
): ToldApart | null {
  if (Math.min(reference.numRows, current.numRows) < LEAST_ROWS) return null;
  const halves = [halvesOf(basis, current), halvesOf(basis, reference)] as const;
  const weights = new Float64Array(basis.features.length);
  let [u, pairs, deviation] = [0, 0, 0];
  for (const [learned, asked] of TURNS) {
    const learner = learn(halves[0][learned], halves[1][learned], basis.columns.length);
    const [first, second] = [learner.scoresOf(halves[0][asked]), learner.scoresOf(halves[1][asked])];
    const pooled = pooledNumbers(first, second);
    u += referenceU(pooled);
    pairs += pooled.n * pooled.m;
    deviation += deviationOfU(pooled);
    addContributions(weights, basis, learner.contributions);
  }
  const z = (u - than * pairs) / deviation;
  return { auc: u / pairs, logPValue: Number.isNaN(z) ? 0 : logNormalTail(z), weights };
}

/** Which half is learned from, and which is asked. */
const TURNS = [
  [0, 1],
  [1, 0],
] as const;

/** Columns of the rows of each half. */
function halvesOf(basis: ClassifierBasis, rows: CellRows): readonly [Float64Array, Float64Array] {
  const values = columnsOf(basis, rows);
  const middle = (rows.numRows >> 1) * basis.columns.length;
  return [values.slice(0, middle), values.slice(middle)];
}

interface Learner {
  /** How much each row looks like a current one. */
  scoresOf(values: Float64Array): Float64Array;
  /** Of each column: how far it parts the means of the rows that were learned from. */
  readonly contributions: Float64Array;
}

function learn(current: Float64Array, reference: Float64Array, numColumns: number): Learner {
  const [numCurrent, numRows] = [
    current.length / numColumns,
    (current.length + reference.length) / numColumns,
  ];
  const values = new Float64Array(current.length + reference.length);
  values.set(current);
  values.set(reference, current.length);
  const standardise = standardiserOf(values, numColumns);
  standardise(values);
  const labels = Uint8Array.from({ length: numRows }, (_, row) => Number(row < numCurrent));
  const weights = logisticRegression({ numColumns, values, labels }, RIDGE_PER_ROW * numRows);
  const apart = new Float64Array(numColumns);
  values.forEach((value, at) => {
    const share = at < current.length ? 1 / numCurrent : -1 / (numRows - numCurrent);
    apart[at % numColumns] = (apart[at % numColumns] as number) + share * value;
  });
  return {
    scoresOf: (asked) => {
      // The other turn learns from them.
      const rows = asked.slice();
      standardise(rows);
      return Float64Array.from({ length: rows.length / numColumns }, (_, row) => logOdds(weights, rows, row));
    },
    contributions: apart.map((difference, at) => difference * (weights[at] as number)),
  };
}

/** Brings columns to mean 0 and deviation 1 of these rows, in place; constant ones to 0. */
function standardiserOf(values: Float64Array, numColumns: number): (rows: Float64Array) => void {
  const numRows = values.length / numColumns;
  const [means, squares] = [new Float64Array(numColumns), new Float64Array(numColumns)];
  values.forEach((value, at) => {
    means[at % numColumns] = (means[at % numColumns] as number) + value / numRows;
  });
  values.forEach((value, at) => {
    const off = value - (means[at % numColumns] as number);
    squares[at % numColumns] = (squares[at % numColumns] as number) + (off * off) / numRows;
  });
  const scales = squares.map((square) => (square > CONSTANT ? 1 / Math.sqrt(square) : 0));
  return (rows) => {
    for (let at = 0; at < rows.length; at += 1) {
      const column = at % numColumns;
      rows[at] = ((rows[at] as number) - (means[column] as number)) * (scales[column] as number);
    }
  };
}

/** A column of two features counts for both; what points the wrong way counts for nothing. */
function addContributions(weights: Float64Array, { columns }: ClassifierBasis, of: Float64Array): void {
  columns.forEach(({ places }, at) => {
    const share = Math.max(0, of[at] as number) / places.length;
    for (const place of places) weights[place] = (weights[place] as number) + share;
  });
}
