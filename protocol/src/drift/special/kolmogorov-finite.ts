import { stirlingError } from "./log-gamma.js";
import { logOneMinusExp } from "./log-sum.js";
import { durbinCdf } from "./durbin-matrix.js";
import { pelzGoodCdf } from "./pelz-good.js";
import { logSmirnovTail } from "./smirnov.js";

/**
 * log P(D_n >= d) of the two-sided one-sample Kolmogorov-Smirnov statistic for `n` observations; NaN unless n is a whole number
 * above 0. Relative error of the probability below 1e-10 for n up to 140, and as scipy's `kstwo` above, but for its far tail above 1e6,
 * which scipy expands and this sums.
 *
 * Where the paths cannot cross both lines, or hardly, it is twice the one-sided tail (2e-6 too much at n d^2 = 2.2); Durbin's matrix and
 * the expansion of Pelz and Good otherwise. Source: R. Simard and P. L'Ecuyer, Journal of Statistical Software 39(11), 2011.
 */
export function logKolmogorovFiniteTail(n: number, d: number): number {
  if (!Number.isInteger(n) || n <= 0) return Number.NaN;
  if (d >= 1) return Number.NEGATIVE_INFINITY;
  const scaled = n * d;
  if (scaled <= 0.5) return 0;
  if (scaled <= 1) return logOneMinusExp(logSmallest(n, scaled));
  if (scaled >= n - 1) return Math.LN2 + n * Math.log1p(-d);
  const energy = scaled * d;
  if (d >= 0.5 || energy > (n <= 140 ? 4 : 2.2)) return Math.min(0, Math.LN2 + logSmirnovTail(n, d));
  return Math.log1p(-Math.min(1, bodyCdf(n, d)));
}

function bodyCdf(n: number, d: number): number {
  const isMatrixSmall = n <= 140 || (n <= 100_000 && n * d ** 1.5 <= 1.4);
  return isMatrixSmall ? durbinCdf(n, d) : pelzGoodCdf(n, d);
}

/** log of n! (2 d - 1/n)^n, the probability below d for 1/(2n) <= d <= 1/n (Ruben and Gambino 1982). */
function logSmallest(n: number, scaled: number): number {
  const logFactorialOverPower = stirlingError(n) + 0.5 * Math.log(2 * Math.PI * n) - n;
  return Math.min(0, logFactorialOverPower + n * Math.log(2 * scaled - 1));
}
