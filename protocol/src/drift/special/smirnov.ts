import { deviance, logBinomialTerm } from "./binomial.js";
import { stirlingError } from "./log-gamma.js";

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** Beyond so many observations the sum below is replaced by its expansion, whose error is then below 1e-7. */
const MOST_FOR_SUM = 2_000_000;

/**
 * log P(D+ >= d) of the one-sided one-sample Kolmogorov-Smirnov statistic for `n` observations, 0 < d < 1.
 *
 * d sum of C(n, j) (d + j/n)^(j-1) (1 - d - j/n)^(n-j) over j <= n (1 - d) (Birnbaum and Tingey 1951). Each term is d/(d + j/n)
 * times a binomial probability, which Loader's form gives without loss; every term is positive.
 */
export function logSmirnovTail(n: number, d: number): number {
  if (n > MOST_FOR_SUM) return -2 * (Math.sqrt(n) * d + 1 / (6 * Math.sqrt(n))) ** 2;
  const last = Math.floor(n * (1 - d));
  const shift = n * d;
  const logs = new Float64Array(last + 1);
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = 0; j <= last; j += 1) {
    const log = logTerm(n, j, shift);
    logs[j] = log;
    if (log > largest) largest = log;
  }
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  let sum = 0;
  for (let j = 0; j <= last; j += 1) sum += Math.exp((logs[j] as number) - largest);
  return Math.min(0, largest + Math.log(sum));
}

function logTerm(n: number, j: number, shift: number): number {
  const rest = n - j;
  const restMean = rest - shift;
  if (j === 0) return logBinomialTerm(0, n, shift / n, restMean / n);
  if (restMean <= 0) return rest === 0 ? Math.log(shift / n) : Number.NEGATIVE_INFINITY;
  const mean = j + shift;
  const errors = stirlingError(n) - stirlingError(j) - stirlingError(rest);
  const spread = HALF_LOG_TWO_PI + 0.5 * Math.log((j * rest) / n);
  return (
    Math.log(shift / mean) + errors - deviance(j, mean, -shift) - deviance(rest, restMean, shift) - spread
  );
}
