import { deviance, logBinomialTerm } from "./binomial.js";
import { stirlingError } from "./log-gamma.js";

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** Beyond so many terms the sum below is taken over every so many of them. */
const MOST_TERMS = 10_000;

/** Terms that are taken for each standard deviation of the bell that they form. */
const TERMS_A_DEVIATION = 32;

/** Terms below e^-45 of the largest add nothing. */
const NEGLIGIBLE = 45;

/**
 * log P(D+ >= d) of the one-sided one-sample Kolmogorov-Smirnov statistic for `n` observations, 0 < d < 1.
 *
 * d sum of C(n, j) (d + j/n)^(j-1) (1 - d - j/n)^(n-j) over j <= n (1 - d) (Birnbaum and Tingey 1951). Each term is d/(d + j/n)
 * times a binomial probability, which Loader's form gives without loss; every term is positive.
 */
export function logSmirnovTail(n: number, d: number): number {
  const last = Math.floor(n * (1 - d));
  const shift = n * d;
  if (last > MOST_TERMS) return logSumOfBell(n, last, shift);
  const logs = new Float64Array(last + 1);
  for (let j = 0; j <= last; j += 1) logs[j] = logTerm(n, j, shift);
  return Math.min(0, logSum(logs));
}

/**
 * The sum over every `stride`-th term, times `stride`. Where the bell is wide its terms are values of a smooth function that vanishes towards
 * both ends, for which the trapezoidal rule converges geometrically; where it is narrow every term is taken.
 */
function logSumOfBell(n: number, last: number, shift: number): number {
  const top = placeOfTop(n, last, shift);
  const stride = Math.max(1, Math.floor(deviationAt(top, n, shift) / TERMS_A_DEVIATION));
  const logs: number[] = [];
  for (const step of [-stride, stride]) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let j = step < 0 ? top : top + step; j >= 0 && j <= last; j += step) {
      const log = logTerm(n, j, shift);
      if (log < largest - NEGLIGIBLE) break;
      largest = Math.max(largest, log);
      logs.push(log);
    }
  }
  return Math.min(0, logSum(logs) + Math.log(stride));
}

/** Of the bell: the root of what the logarithm of a term is curved by at its top, inverted. */
function deviationAt(top: number, n: number, shift: number): number {
  const [j, rest] = [Math.max(1, top), n - top];
  return 1 / (shift * Math.hypot(1 / (Math.sqrt(j) * (j + shift)), 1 / (Math.sqrt(rest) * (rest - shift))));
}

/** By ternary search: the logarithms of the terms are concave. */
function placeOfTop(n: number, last: number, shift: number): number {
  let [low, high] = [0, last - 1];
  while (high - low > 2) {
    const third = Math.floor((high - low) / 3);
    if (logTerm(n, low + third, shift) < logTerm(n, high - third, shift)) low += third;
    else high -= third;
  }
  return low;
}

function logSum(logs: ArrayLike<number> & Iterable<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const log of logs) if (log > largest) largest = log;
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  let sum = 0;
  for (const log of logs) sum += Math.exp(log - largest);
  return largest + Math.log(sum);
}

function logTerm(n: number, j: number, shift: number): number {
  const rest = n - j;
  const restMean = rest - shift;
  if (j === 0) return logBinomialTerm(0, n, shift / n, restMean / n);
  if (restMean <= 0) return rest === 0 ? Math.log(shift / n) : Number.NEGATIVE_INFINITY;
  const mean = j + shift;
  const errors = stirlingError(n) - stirlingError(j) - stirlingError(rest);
  const spread = HALF_LOG_TWO_PI + 0.5 * Math.log(j * (rest / n));
  return (
    Math.log(shift / mean) + errors - deviance(j, mean, -shift) - deviance(rest, restMean, shift) - spread
  );
}
