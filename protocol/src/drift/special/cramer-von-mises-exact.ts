import { greatestCommonDivisor } from "./lattice-paths.js";
import { logBinomial } from "./log-gamma.js";

/**
 * P(T >= t) of the two-sample Cramér-von Mises statistic for small samples without ties; `squares` is 12 n m N^2 t, a whole number. Cost
 * grows fast: meant for at most 20 observations a sample.
 *
 * Counts the lattice paths by the sum of their squared distances from the diagonal.
 * Source: Y. Xiao, A. Gordon, A. Yakovlev, Journal of Statistical Software 17(8), 2006; T. W. Anderson 1962.
 */
export function cramerVonMisesExact(squares: number, n: number, m: number): number {
  const divisor = greatestCommonDivisor(n, m);
  const multiple = (n * m) / divisor;
  const least = Math.floor(squares / (12 * divisor ** 2));
  let numPaths = 0;
  for (const [distance, count] of pathDistances(n, m, multiple)) if (distance >= least) numPaths += count;
  return Math.min(1, numPaths / Math.round(Math.exp(logBinomial(n + m, n))));
}

/** How many paths to (n, m) have which sum of squared distances. */
function pathDistances(n: number, m: number, multiple: number): Map<number, number> {
  const stepRow = multiple / n;
  const stepColumn = multiple / m;
  let above: Map<number, number>[] = [];
  for (let i = 0; i <= n; i += 1) {
    const row: Map<number, number>[] = [];
    for (let j = 0; j <= m; j += 1) {
      const cost = (i * stepRow - j * stepColumn) ** 2;
      row.push(i + j === 0 ? new Map([[0, 1]]) : joined(above[j], row[j - 1], cost));
    }
    above = row;
  }
  return above[m] as Map<number, number>;
}

function joined(
  above: Map<number, number> | undefined,
  left: Map<number, number> | undefined,
  cost: number,
): Map<number, number> {
  const result = new Map<number, number>();
  for (const source of [above, left]) {
    for (const [distance, count] of source ?? []) {
      result.set(distance + cost, (result.get(distance + cost) ?? 0) + count);
    }
  }
  return result;
}
