import { logBetaLower } from "@fedge/protocol/drift";
import type { Shares } from "./count-distances.js";

/** Cells of fewer expected devices than this are tested with others: Cochran's rule, of what is independent here. */
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
  /** Devices behind `q`: their rows may be alike, so that a cell is as full as it has devices. */
  readonly numDevices: number;
  /** Cells whose values have an order, in it; none of categories. */
  readonly ordered: readonly number[];
  /** `q` with each group left out. */
  readonly leftOut: readonly Shares[];
}

/**
 * Rao and Scott's second-order test that shares are the reference's: rows of one device are alike, so that a plain
 * chi-squared on their sum would find a change where there is none. The covariance of the shares comes from the jackknife
 * over replicate groups, to which the reference's own is added; the statistic is compared with F of Satterthwaite's degrees
 * of freedom, whose second moment is corrected for the few groups.
 *
 * Cells are merged first until each expects five devices. In one that the reference hardly has, a single device's rows would
 * be divided by next to nothing, and its spread between groups would outweigh whatever all others changed.
 *
 * Source: J. N. K. Rao and A. J. Scott, Annals of Statistics 12, 1984; D. R. Thomas and J. N. K. Rao, JASA 82, 1987;
 * W. G. Cochran, "Some methods for strengthening the common chi-squared tests", Biometrics 10, 1954.
 */
export function clusteredTest(counts: ClusteredCounts): ClusteredTest {
  const freedom = counts.leftOut.length - 1;
  if (freedom < 2) return { statistic: null, logP: null, expected: 0 };
  const shares = counts.p.map((share, cell) => pooledShare(share, counts.q[cell] as number, counts));
  const expected = expectedDistance(counts, shares);
  const parts = mergedCells(shares, counts);
  const cells = testedCells(counts, parts);
  const pooled = taken(shares, parts);
  const scaled = scaledCovariances(cells, pooled, counts);
  const trace = scaled.groups.trace + scaled.reference.trace;
  if (parts.length < 2 || !(trace > 0)) return { statistic: null, logP: null, expected };
  const second = unbiasedSquare(scaled.groups, freedom) + scaled.reference.square + 2 * scaled.cross;
  const statistic = distance(cells, pooled) / trace;
  const dimension = Math.min(parts.length - 1, Math.max(1, trace ** 2 / Math.max(second, Number.MIN_VALUE)));
  return { statistic, logP: logFTail(statistic, dimension, dimension * freedom), expected };
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

function testedCells({ p, q, leftOut }: ClusteredCounts, parts: readonly Part[]): Cells {
  const take = (shares: Shares): Shares => taken(shares, parts);
  return { p: take(p), q: take(q), leftOut: leftOut.map(take) };
}

/** Cells that are tested as one. */
type Part = readonly number[];

/**
 * Cells in parts that expect enough devices each: values with their neighbours, and what has no order with the next smallest.
 * Where only one part were left there is a cell that has nearly all: it is tested against the others.
 */
function mergedCells(
  pooled: Shares,
  { ordered, numReference, numRows, numDevices }: ClusteredCounts,
): readonly Part[] {
  const least = LEAST_EXPECTED / Math.min(numReference, numRows, numDevices);
  const weightOf = (part: Part): number => part.reduce((sum, cell) => sum + (pooled[cell] as number), 0);
  const bySize = [...pooled.keys()].sort((one, other) => (pooled[one] as number) - (pooled[other] as number));
  const largest = bySize.at(-1);
  const values = partsOf(ordered, pooled, least);
  const others = partsOf(
    bySize.filter((cell) => !ordered.includes(cell)),
    pooled,
    least,
  );
  // Too few devices are in the last values, or in all that has no order, for a part of their own.
  const parts = [...joined(values.parts, -1, values.rest), ...others.parts];
  const weights = parts.map(weightOf);
  const merged = joined(parts, weights.indexOf(Math.min(...weights)), others.rest);
  const rest = bySize.filter((cell) => cell !== largest && (pooled[cell] as number) > 0);
  if (merged.length > 1 || largest === undefined || rest.length === 0) return merged;
  return [[largest], rest];
}

/** Cells one after another, until each part has the least weight, and those that are left over. */
function partsOf(
  order: readonly number[],
  pooled: Shares,
  least: number,
): { readonly parts: readonly Part[]; readonly rest: Part } {
  const parts: Part[] = [];
  let [open, weight]: [number[], number] = [[], 0];
  for (const cell of order) {
    open.push(cell);
    weight += pooled[cell] as number;
    if (weight < least) continue;
    parts.push(open);
    [open, weight] = [[], 0];
  }
  return { parts, rest: open };
}

/** `rest` added to one of the parts, from the end when negative; of its own when there is none. */
function joined(parts: readonly Part[], at: number, rest: Part): readonly Part[] {
  if (rest.length === 0) return parts;
  const part = parts.at(at);
  return part === undefined ? [rest] : parts.map((each) => (each === part ? [...each, ...rest] : each));
}

function taken(shares: Shares, parts: readonly Part[]): Shares {
  return Float64Array.from(parts, (part) => part.reduce((sum, cell) => sum + (shares[cell] as number), 0));
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

/**
 * The index is of all cells, so is what chance makes of it. A cell counts as no smaller than one device in it, the least that
 * Cochran has expected anywhere: below that the square is no likeness of the index, whose logarithm grows far less.
 */
function expectedDistance({ p, leftOut, numReference, numDevices }: ClusteredCounts, pooled: Shares): number {
  const sizes = pooled.map((share) => Math.max(share, 1 / Math.max(1, numDevices)));
  const deviations = deviationsOf(leftOut, sizes);
  return sizes.reduce((sum, size, cell) => {
    const share = p[cell] as number;
    const groups = deviations.reduce((squares, each) => squares + (each[cell] as number) ** 2, 0);
    return sum + groups + (share * (1 - share)) / numReference / size;
  }, 0);
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
