import { nextDouble } from "@fedge/protocol/drift";

export const DEFAULT_BINS = 20;

/** A value and how often it stands in the sample. */
interface Run {
  readonly value: number;
  readonly count: number;
}

/**
 * Edges of bins that hold about equal shares of the values, which must be finite, sorted and at least one. A value with
 * more than a bin's share, such as 0, has a bin of its own, which ends at the next float or the next such value; edges
 * that ties make equal are one. They rise, begin at the least and end at the greatest value or just above it, and no bin
 * is empty; at most `2 * numBins + 2`.
 */
export function equalMassEdges(sorted: ArrayLike<number>, numBins = DEFAULT_BINS): number[] {
  const runs = runsOf(sorted);
  const share = Math.max(1, sorted.length / numBins);
  const spikes = runs.filter(({ count }) => count > share);
  const rest = sorted.length - spikes.reduce((sum, { count }) => sum + count, 0);
  const aim = rest / Math.max(1, numBins - spikes.length);
  const edges: number[] = [];
  let inBin = 0;
  let isAfterSpike = false;
  for (const { value, count } of runs) {
    const isSpike = count > share;
    // Between two spikes there is nothing: the first one's bin ends where the second begins.
    if (isSpike && isAfterSpike) edges.pop();
    if (isSpike || edges.length === 0 || (!isAfterSpike && inBin >= aim)) {
      edges.push(value);
      inBin = 0;
    }
    inBin += count;
    isAfterSpike = isSpike;
    if (!isSpike) continue;
    edges.push(nextDouble(value));
    inBin = 0;
  }
  return closed(edges, sorted[sorted.length - 1] as number);
}

/** The last bin ends at the greatest value; where that begins a bin, just above it. */
function closed(edges: number[], greatest: number): number[] {
  const last = edges.at(-1) as number;
  if (last < greatest) edges.push(greatest);
  if (last === greatest) edges.push(nextDouble(greatest));
  return edges;
}

function runsOf(sorted: ArrayLike<number>): Run[] {
  const runs: Run[] = [];
  let begin = 0;
  for (let at = 1; at <= sorted.length; at += 1) {
    if (at < sorted.length && sorted[at] === sorted[begin]) continue;
    // No edge is written as -0: JSON would not tell it from 0.
    runs.push({ value: (sorted[begin] as number) + 0, count: at - begin });
    begin = at;
  }
  return runs;
}
