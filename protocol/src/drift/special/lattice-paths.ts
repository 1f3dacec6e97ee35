import { logBinomialTerm } from "./binomial.js";
import { logAdd } from "./log-sum.js";

/** Below this the paths are counted once more in logarithms. */
const LEAST_LINEAR = 1e-290;
/** In logarithms a path costs about 30 ns a cell. */
const MOST_LOG_CELLS = 4e7;

/**
 * log P(D >= h / lcm(n, m)) of the two-sample Kolmogorov-Smirnov statistic, exactly: the share of lattice paths from (0, 0) to (n, m)
 * that reach a line |x/n - y/m| = h / lcm. `h` is a whole number from 0 to the least common multiple.
 * `null` when the probability is below 1e-290 and the samples are too large to count paths in logarithms.
 *
 * Every term is positive, so that small probabilities keep their digits. Source: J. L. Hodges, Arkiv för Matematik 3, 1958.
 */
export function logLatticeTail(n: number, m: number, h: number): number | null {
  if (h <= 0) return 0;
  if (n === m) return logEqualSizes(n, h);
  const share = shareOutside(n, m, h);
  if (share >= LEAST_LINEAR) return Math.log(Math.min(1, share));
  return n * m <= MOST_LOG_CELLS ? Math.min(0, logShareOutside(n, m, h)) : null;
}

/** 2 (C(2n, n-h) - C(2n, n-2h) + …) / C(2n, n), by reflection. */
function logEqualSizes(n: number, h: number): number {
  const middle = logBinomialTerm(n, 2 * n, 0.5, 0.5);
  const ratio = (k: number): number => logBinomialTerm(n - k * h, 2 * n, 0.5, 0.5) - middle;
  const first = ratio(1);
  let sum = 0;
  for (let k = Math.floor(n / h); k >= 2; k -= 1) sum += (k % 2 === 0 ? -1 : 1) * Math.exp(ratio(k) - first);
  return Math.min(0, Math.LN2 + first + Math.log1p(sum));
}

interface Band {
  readonly from: number;
  readonly to: number;
}

/** The columns j of row i that are strictly between the lines. */
function bandOf(i: number, m: number, h: number, stepRow: number, stepColumn: number): Band {
  return {
    from: Math.max(0, Math.floor((i * stepRow - h) / stepColumn) + 1),
    to: Math.min(m, Math.ceil((i * stepRow + h) / stepColumn) - 1),
  };
}

/**
 * u(i, j), the share of the paths to (i, j) that have reached a line, is 1 outside and the average of u(i-1, j) and u(i, j-1)
 * with weights i and j inside.
 */
function shareOutside(n: number, m: number, h: number): number {
  const divisor = greatestCommonDivisor(n, m);
  const shares = new Float64Array(m + 1).fill(1);
  for (let i = 0; i <= n; i += 1) {
    const { from, to } = bandOf(i, m, h, m / divisor, n / divisor);
    let left = from > 0 ? 1 : 0;
    for (let j = from; j <= to; j += 1) {
      left = i + j === 0 ? 0 : (i * (shares[j] as number) + j * left) / (i + j);
      shares[j] = left;
    }
    if (from > 0) shares[from - 1] = 1;
  }
  const { from, to } = bandOf(n, m, h, m / divisor, n / divisor);
  return m >= from && m <= to ? (shares[m] as number) : 1;
}

function logShareOutside(n: number, m: number, h: number): number {
  const divisor = greatestCommonDivisor(n, m);
  const shares = new Float64Array(m + 1);
  for (let i = 0; i <= n; i += 1) {
    const { from, to } = bandOf(i, m, h, m / divisor, n / divisor);
    let left = from > 0 ? 0 : Number.NEGATIVE_INFINITY;
    for (let j = from; j <= to; j += 1) {
      const above = i === 0 ? Number.NEGATIVE_INFINITY : Math.log(i / (i + j)) + (shares[j] as number);
      const beside = j === 0 ? Number.NEGATIVE_INFINITY : Math.log(j / (i + j)) + left;
      left = logAdd(above, beside);
      shares[j] = left;
    }
  }
  return shares[m] as number;
}

/** Of two whole numbers above 0. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
