import { cholesky, solveCholesky } from "./cholesky.js";

const MOST_STEPS = 50;
const MOST_HALVINGS = 20;
const ENOUGH = 1e-7;

/** Rows with an answer each; values row after row. */
export interface LabelledRows {
  readonly numColumns: number;
  readonly values: Float64Array;
  /** 1 or 0 for each row. */
  readonly labels: Uint8Array;
}

/**
 * Weights of the logistic regression with the least sum of log losses plus `ridge / 2` times the sum of the squared weights;
 * the last one is the intercept, which is free. Newton's method, each step halved until it is none for the worse: the sum is
 * strictly convex. Needs rows of both labels and a ridge above 0.
 */
export function logisticRegression(rows: LabelledRows, ridge: number): Float64Array {
  const size = rows.numColumns + 1;
  let weights = new Float64Array(size);
  let loss = lossOf(rows, weights, ridge);
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const { gradient, curvature } = derivatives(rows, weights, ridge);
    const root = cholesky(curvature, size);
    if (root === null) return weights;
    const change = solveCholesky(root, gradient);
    let scale = 1;
    for (let halving = 0; ; halving += 1) {
      const next = weights.map((weight, at) => weight - scale * (change[at] as number));
      const nextLoss = lossOf(rows, next, ridge);
      if (nextLoss <= loss) {
        [weights, loss] = [next, nextLoss];
        break;
      }
      if (halving === MOST_HALVINGS) return weights;
      scale /= 2;
    }
    if (Math.max(...change.map(Math.abs)) * scale <= ENOUGH) return weights;
  }
  return weights;
}

/** What the weights say of one row: the logarithm of the odds of label 1. */
export function logOdds(weights: Float64Array, values: Float64Array, row: number): number {
  const numColumns = weights.length - 1;
  let sum = weights[numColumns] as number;
  for (let column = 0; column < numColumns; column += 1)
    sum += (weights[column] as number) * (values[row * numColumns + column] as number);
  return sum;
}

function lossOf({ values, labels }: LabelledRows, weights: Float64Array, ridge: number): number {
  let sum = 0;
  for (let column = 0; column < weights.length - 1; column += 1)
    sum += (ridge / 2) * (weights[column] as number) ** 2;
  for (let row = 0; row < labels.length; row += 1) {
    const odds = logOdds(weights, values, row);
    const margin = labels[row] === 1 ? odds : -odds;
    // log(1 + e^-margin), without overflow.
    sum += Math.log1p(Math.exp(-Math.abs(margin))) + Math.max(0, -margin);
  }
  return sum;
}

function derivatives(
  { numColumns, values, labels }: LabelledRows,
  weights: Float64Array,
  ridge: number,
): { readonly gradient: Float64Array; readonly curvature: Float64Array } {
  const size = numColumns + 1;
  const gradient = weights.map((weight, at) => (at < numColumns ? ridge * weight : 0));
  const curvature = new Float64Array(size * size);
  for (let column = 0; column < numColumns; column += 1) curvature[column * size + column] = ridge;
  const row = new Float64Array(size).fill(1);
  for (let at = 0; at < labels.length; at += 1) {
    row.set(values.subarray(at * numColumns, (at + 1) * numColumns));
    const probability = 1 / (1 + Math.exp(-logOdds(weights, values, at)));
    addRow(gradient, curvature, row, {
      residual: probability - (labels[at] as number),
      weight: probability * (1 - probability),
    });
  }
  return { gradient, curvature };
}

function addRow(
  gradient: Float64Array,
  curvature: Float64Array,
  row: Float64Array,
  { residual, weight }: { readonly residual: number; readonly weight: number },
): void {
  const size = row.length;
  for (let i = 0; i < size; i += 1) {
    const value = row[i] as number;
    gradient[i] = (gradient[i] as number) + residual * value;
    const weighted = weight * value;
    for (let j = 0; j <= i; j += 1)
      curvature[i * size + j] = (curvature[i * size + j] as number) + weighted * (row[j] as number);
  }
}
