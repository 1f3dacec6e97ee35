/**
 * Edges of equal-mass bins of the reference, ascending and different: its least and greatest finite value, and quantiles
 * between them. A value so frequent that quantiles coincide on it, and any of few different values, gets a bin of its own, [value,
 * next double).
 *
 * `sorted` ascends and may hold infinities; empty when it has no finite value.
 */
export function equalMassEdges(sorted: Float64Array, numBins: number): Float64Array {
  const finite = sorted.filter(Number.isFinite);
  if (finite.length === 0) return new Float64Array(0);
  const first = finite[0] as number;
  const last = finite[finite.length - 1] as number;
  const distinct = fewDistinct(finite, numBins);
  const edges = new Set<number>();
  const addSpike = (value: number): void => void edges.add(value).add(nextDouble(value));
  if (distinct !== undefined) distinct.forEach(addSpike);
  else {
    edges.add(first);
    let previous = first;
    for (let index = 1; index <= numBins; index += 1) {
      const quantile = finite[
        Math.min(finite.length - 1, Math.floor((index * finite.length) / numBins))
      ] as number;
      if (quantile === previous) addSpike(quantile);
      else edges.add(quantile);
      previous = quantile;
    }
    // The last bin is closed, so that the greatest value of the reference is not outside.
    edges.delete(last);
    edges.add(nextDouble(last));
    if (isSpike(finite, numBins)) edges.add(last);
  }
  return Float64Array.from(edges).sort();
}

/** True when the greatest value alone fills a bin. */
function isSpike(finite: Float64Array, numBins: number): boolean {
  return finite[Math.floor(((numBins - 1) * finite.length) / numBins)] === finite[finite.length - 1];
}

/** The different values, ascending, when there are at most `most`. */
function fewDistinct(sorted: Float64Array, most: number): number[] | undefined {
  const distinct: number[] = [];
  for (const value of sorted) {
    if (value === distinct[distinct.length - 1]) continue;
    if (distinct.length === most) return undefined;
    distinct.push(value);
  }
  return distinct;
}

/** The least double above a finite value. */
export function nextDouble(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigInt64(0);
  // The bits of negative numbers descend; those of the greatest double lead to infinity.
  view.setBigInt64(0, value > 0 ? bits + 1n : bits - 1n);
  return view.getFloat64(0);
}

/**
 * How many edges are at or below the value: 0 is below all, `edges.length` at or above the last. Edges ascend. The search has
 * no branch that depends on the value, so that a stream costs the same whatever comes.
 */
export function binOf(edges: Float64Array, value: number): number {
  let from = 0;
  let length = edges.length;
  while (length > 1) {
    const half = length >>> 1;
    from += Number((edges[from + half - 1] as number) <= value) * half;
    length -= half;
  }
  return length === 0 ? 0 : from + Number((edges[from] as number) <= value);
}

/** Counts one value in its bin: place 0 is below, `edges.length` above. `counts` has one place more than there are edges. */
export function countInBin(counts: Uint32Array | Float64Array, edges: Float64Array, value: number): void {
  const bin = binOf(edges, value);
  counts[bin] = (counts[bin] as number) + 1;
}
