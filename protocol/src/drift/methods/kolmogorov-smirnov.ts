import type { DriftOptions } from "../options.js";
import type { Outcome } from "../result.js";
import type { Pooled } from "../samples/pooled.js";
import { greatestCommonDivisor, logLatticeTail } from "../special/lattice-paths.js";
import { logKolmogorovFiniteTail } from "../special/kolmogorov-finite.js";
import { logKolmogorovTail } from "../special/kolmogorov.js";
import { differenceOfProducts } from "../special/products.js";

/** Up to so many rows a side, paths are counted, as scipy does. */
const MOST_FOR_EXACT = 10_000;

/** Names of the ways to a p-value. */
export type KsMode = DriftOptions["mode"];

/**
 * Two-sample Kolmogorov-Smirnov: the greatest difference of the two empirical distribution functions, also when rows tie.
 *
 * `exact` counts lattice paths (conservative with ties), `asymptotic` is the one-sample distribution for
 * round(n m / (n + m)) rows as scipy takes it, `limit` Kolmogorov's limit, `stephens` that limit at
 * (r + 0.12 + 0.11 / r) D with r the root of n m / (n + m). `auto`: exact up to 10,000 rows a side.
 */
export function kolmogorovSmirnov(pooled: Pooled, mode: KsMode): Outcome {
  const { n, m, isBinned } = pooled;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  const greatest = greatestDifference(pooled);
  const multiple = (n / greatestCommonDivisor(n, m)) * m;
  const statistic = greatest / multiple;
  const way = mode === "auto" ? (Math.max(n, m) <= MOST_FOR_EXACT ? "exact" : "asymptotic") : mode;
  if (way === "exact" && n * m > MOST_FOR_EXACT ** 2) {
    return { reason: `exact needs at most ${MOST_FOR_EXACT ** 2} pairs of rows; there are ${n * m}` };
  }
  const { logPValue, computed } = tail(way, n, m, greatest, statistic);
  if (Number.isNaN(logPValue))
    return { reason: "the asymptotic distribution needs more than one row a side" };
  const bound = isBinned ? { statisticAtMost: unbinnedBound(pooled) } : {};
  const effect = { name: "greatest difference of the distribution functions", value: statistic };
  return { statistic, n, m, logPValue, effect, details: { mode: computed, ...bound } };
}

/** What is said when a side has no value to test. */
export function emptyReason(n: number, m: number): string {
  if (n === 0 && m === 0) return "empty: neither sample has a value";
  return n === 0 ? "empty: the reference has no value" : "empty: the current sample has no value";
}

/** The difference times the least common multiple of the sizes, which is a whole number. */
function greatestDifference({ reference, current, n, m }: Pooled): number {
  const divisor = greatestCommonDivisor(n, m);
  const [stepFirst, stepSecond] = [m / divisor, n / divisor];
  let first = 0;
  let second = 0;
  let greatest = 0;
  for (let index = 0; index < reference.length; index += 1) {
    first += reference[index] as number;
    second += current[index] as number;
    greatest = Math.max(greatest, Math.abs(differenceOfProducts(first, stepFirst, second, stepSecond)));
  }
  return greatest;
}

interface Tail {
  readonly logPValue: number;
  readonly computed: string;
}

function tail(way: Exclude<KsMode, "auto">, n: number, m: number, greatest: number, d: number): Tail {
  const rows = (n * m) / (n + m);
  const root = Math.sqrt(rows);
  if (way === "limit") return { logPValue: logKolmogorovTail(root * d), computed: way };
  if (way === "stephens") {
    return { logPValue: logKolmogorovTail((root + 0.12 + 0.11 / root) * d), computed: way };
  }
  const exact = way === "exact" ? logLatticeTail(n, m, greatest) : null;
  if (exact !== null) return { logPValue: exact, computed: "exact" };
  return { logPValue: logKolmogorovFiniteTail(roundHalfEven(rows), d), computed: "asymptotic" };
}

/** As numpy rounds. */
function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** The greatest difference that the rows can have had before they were binned. */
function unbinnedBound({ reference, current, n, m }: Pooled): number {
  let first = 0;
  let second = 0;
  let bound = 0;
  for (let index = 0; index < reference.length; index += 1) {
    const [fromFirst, fromSecond] = [first, second];
    first += reference[index] as number;
    second += current[index] as number;
    const ahead = Math.abs(differenceOfProducts(first, m, fromSecond, n));
    bound = Math.max(bound, ahead, Math.abs(differenceOfProducts(second, n, fromFirst, m)));
  }
  return Math.min(1, bound / (n * m));
}
