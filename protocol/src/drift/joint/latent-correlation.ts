import { normalTail } from "../special/normal.js";
import type { ScoredCells } from "./scored-cells.js";

/** Terms of the series: what is left out is below 1e-3 for correlations up to 0.9. */
const NUM_TERMS = 100;
const NUM_HALVINGS = 40;
/** Correlations beyond it would make the others impossible by rounding. */
export const MOST_CORRELATION = 0.99;

/**
 * Coefficients of a feature's scores as a function of the standard normal behind them, in normalised Hermite polynomials:
 * the first is the mean. Of a step from t to u, `E[h_k] = (h_{k-1}(t) φ(t) - h_{k-1}(u) φ(u)) / root(k)`.
 */
export function hermiteCoefficients({ scores, order, thresholds }: ScoredCells): Float64Array {
  const result = new Float64Array(NUM_TERMS + 1);
  order.forEach((cell, place) => {
    const score = scores[cell] as number;
    if (score === 0) return;
    addStep(result, score, thresholds[place - 1] ?? Number.NEGATIVE_INFINITY, 1);
    addStep(result, score, thresholds[place] ?? Number.POSITIVE_INFINITY, -1);
  });
  return result;
}

/**
 * The correlation of two normals whose cells have this mean product of scores (Cario and Nelson 1997, "normal to anything"):
 * `E[a b] = sum a_k b_k ρ^k`, solved by halving. The nearest one within `MOST_CORRELATION` where none gives it.
 */
export function latentCorrelation(one: Float64Array, other: Float64Array, meanProduct: number): number {
  const productAt = (correlation: number): number => {
    let sum = 0;
    for (let term = NUM_TERMS; term >= 0; term -= 1)
      sum = sum * correlation + (one[term] as number) * (other[term] as number);
    return sum;
  };
  let [low, high] = [-MOST_CORRELATION, MOST_CORRELATION];
  if (meanProduct <= productAt(low)) return low;
  if (meanProduct >= productAt(high)) return high;
  for (let halving = 0; halving < NUM_HALVINGS; halving += 1) {
    const middle = (low + high) / 2;
    if (productAt(middle) < meanProduct) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function addStep(coefficients: Float64Array, score: number, at: number, sign: 1 | -1): void {
  coefficients[0] = (coefficients[0] as number) + sign * score * tailOf(at);
  if (!Number.isFinite(at)) return;
  const density = Math.exp((-at * at) / 2) / Math.sqrt(2 * Math.PI);
  let [before, now] = [0, 1];
  for (let term = 1; term <= NUM_TERMS; term += 1) {
    const root = Math.sqrt(term);
    coefficients[term] = (coefficients[term] as number) + (sign * score * now * density) / root;
    [before, now] = [now, (at * now - Math.sqrt(term - 1) * before) / root];
  }
}

function tailOf(at: number): number {
  if (at === Number.NEGATIVE_INFINITY) return 1;
  return at === Number.POSITIVE_INFINITY ? 0 : normalTail(at);
}
