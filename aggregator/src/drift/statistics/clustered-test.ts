import { logBetaLower } from "@fedge/protocol/drift";
import type { Shares } from "./count-distances.js";

/** Cells with fewer expected rows than this are tested as one. */
const LEAST_EXPECTED = 5;

export interface ClusteredTest {
  /** The generalised design effect's F; null when there is nothing to test. */
  readonly statistic: number | null;
  readonly logP: number | null;
  /** What chance makes of the sum of (q - p)^2 / p, from the spread between groups. */
  readonly expected: number;
}

export interface ClusteredCounts {
  readonly p: Shares;
  readonly q: Shares;
  /** Rows behind them. */
  readonly numReference: number;
  readonly numRows: number;
  /** `q` with each group left out. */
  readonly leftOut: readonly Shares[];
}

/**
 * Rao and Scott's second-order test that shares are the reference's: rows of one device are alike, so that a plain
 * chi-squared on their sum would find a change where there is none. The covariance of the shares comes from the jackknife
 * over replicate groups, to which the reference's own is added; the statistic is compared with F of Satterthwaite's degrees
 * of freedom, whose second moment is corrected for the few groups.
 *
 * Source: J. N. K. Rao and A. J. Scott, Annals of Statistics 12, 1984; D. R. Thomas and J. N. K. Rao, JASA 82, 1987.
 */
export function clusteredTest(counts: ClusteredCounts): ClusteredTest {
  const cells = testedCells(counts);
  const numCells = cells.p.length;
  const freedom = cells.leftOut.length - 1;
  if (numCells < 2 || freedom < 2) return { statistic: null, logP: null, expected: 0 };
  const pooled = cells.p.map((share, cell) => pooledShare(share, cells.q[cell] as number, counts));
  const scaled = scaledCovariances(cells, pooled, counts);
  const trace = scaled.groups.trace + scaled.reference.trace;
  if (!(trace > 0)) return { statistic: null, logP: null, expected: 0 };
  const second = unbiasedSquare(scaled.groups, freedom) + scaled.reference.square + 2 * scaled.cross;
  const statistic = distance(cells, pooled) / trace;
  const dimension = Math.min(numCells - 1, Math.max(1, trace ** 2 / Math.max(second, Number.MIN_VALUE)));
  return { statistic, logP: logFTail(statistic, dimension, dimension * freedom), expected: trace };
}

/** log P(F > f). */
export function logFTail(f: number, first: number, second: number): number {
  if (!(f > 0)) return 0;
  const total = second + first * f;
  return logBetaLower(second / total, (first * f) / total, second / 2, first / 2);
}

interface Cells {
  readonly p: Shares;
  readonly q: Shares;
  readonly leftOut: readonly Shares[];
}

/** Rare cells become one: their shares say too little each. */
function testedCells({ p, q, leftOut, numReference, numRows }: ClusteredCounts): Cells {
  const least = LEAST_EXPECTED / Math.min(numReference, numRows);
  const kept: number[] = [];
  const rare: number[] = [];
  for (let cell = 0; cell < p.length; cell += 1) {
    const pooled = pooledShare(p[cell] as number, q[cell] as number, { numReference, numRows });
    (pooled >= least ? kept : rare).push(cell);
  }
  const hasRare = rare.some((cell) => (p[cell] as number) > 0 || (q[cell] as number) > 0);
  const take = (shares: Shares): Shares => taken(shares, kept, hasRare ? rare : []);
  return { p: take(p), q: take(q), leftOut: leftOut.map(take) };
}

function taken(shares: Shares, kept: readonly number[], rare: readonly number[]): Shares {
  const cells = new Float64Array(kept.length + (rare.length > 0 ? 1 : 0));
  for (let at = 0; at < kept.length; at += 1) cells[at] = shares[kept[at] as number] as number;
  for (const cell of rare) cells[kept.length] = (cells[kept.length] as number) + (shares[cell] as number);
  return cells;
}

function pooledShare(
  p: number,
  q: number,
  { numReference, numRows }: Pick<ClusteredCounts, "numReference" | "numRows">,
): number {
  return (p * numReference + q * numRows) / (numReference + numRows);
}

function distance({ p, q }: Cells, pooled: Shares): number {
  return p.reduce(
    (sum, share, cell) => sum + ((q[cell] as number) - share) ** 2 / (pooled[cell] as number),
    0,
  );
}

interface Moments {
  readonly trace: number;
  /** Trace of the square. */
  readonly square: number;
}

/** Covariances with row and column of each cell divided by the root of its pooled share. */
function scaledCovariances(
  { p, leftOut }: Cells,
  pooled: Shares,
  { numReference }: ClusteredCounts,
): { readonly groups: Moments; readonly reference: Moments; readonly cross: number } {
  const deviations = deviationsOf(leftOut, pooled);
  const numCells = pooled.length;
  let [groupTrace, groupSquare, referenceTrace, referenceSquare, cross] = [0, 0, 0, 0, 0];
  for (let row = 0; row < numCells; row += 1)
    for (let column = row; column < numCells; column += 1) {
      let group = 0;
      for (let at = 0; at < deviations.length; at += 1) {
        const each = deviations[at] as Shares;
        group += (each[row] as number) * (each[column] as number);
      }
      const root = Math.sqrt((pooled[row] as number) * (pooled[column] as number));
      const own = row === column ? (p[row] as number) : 0;
      const reference = (own - (p[row] as number) * (p[column] as number)) / numReference / root;
      const times = row === column ? 1 : 2;
      if (row === column) {
        groupTrace += group;
        referenceTrace += reference;
      }
      groupSquare += times * group ** 2;
      referenceSquare += times * reference ** 2;
      cross += times * group * reference;
    }
  return {
    groups: { trace: groupTrace, square: groupSquare },
    reference: { trace: referenceTrace, square: referenceSquare },
    cross,
  };
}

/** Of each group left out, from their mean, so that products sum to the jackknife's covariance. */
function deviationsOf(leftOut: readonly Shares[], pooled: Shares): Shares[] {
  const num = leftOut.length;
  const factor = Math.sqrt((num - 1) / num);
  const mean = new Float64Array(pooled.length);
  for (const shares of leftOut)
    for (let cell = 0; cell < mean.length; cell += 1)
      mean[cell] = (mean[cell] as number) + (shares[cell] as number) / num;
  const scales = pooled.map((share) => factor / Math.sqrt(share));
  return leftOut.map((shares) => {
    const deviations = new Float64Array(mean.length);
    for (let cell = 0; cell < mean.length; cell += 1)
      deviations[cell] = (scales[cell] as number) * ((shares[cell] as number) - (mean[cell] as number));
    return deviations;
  });
}

/** Trace of the square of a covariance, from an estimate with so many degrees of freedom (normal theory). */
function unbiasedSquare({ trace, square }: Moments, freedom: number): number {
  const factor = freedom ** 2 / ((freedom - 1) * (freedom + 2));
  return Math.max(square / freedom, factor * (square - trace ** 2 / freedom));
}
