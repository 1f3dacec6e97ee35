import type { SamplePair } from "./sample.js";

/** Both samples in the order of their values: how often each different value occurs in either. */
export interface Pooled {
  /** Different values, ascending; of bins, their places. */
  readonly values: Float64Array;
  readonly reference: Float64Array;
  readonly current: Float64Array;
  readonly n: number;
  readonly m: number;
  /** True when the values are bins, within which rows count as tied. */
  readonly isBinned: boolean;
}

/** The values of a pair without missing ones; `undefined` for categories and vectors, which have no order. */
export function pooledOf(pair: SamplePair): Pooled | undefined {
  if (pair.kind === "numbers") return pooledNumbers(pair.reference.values, pair.current.values);
  if (pair.kind !== "bins") return undefined;
  const [reference, current] = [pair.reference.counts, pair.current.counts];
  const kept = [...reference.keys()].filter((bin) => reference[bin] !== 0 || current[bin] !== 0);
  const pick = (counts: Float64Array): Float64Array => Float64Array.from(kept, (at) => counts[at] as number);
  return {
    values: Float64Array.from(kept),
    reference: pick(reference),
    current: pick(current),
    n: total(reference),
    m: total(current),
    isBinned: true,
  };
}

/** Of values in any order; throws RangeError where NaN is among them. */
export function pooledNumbers(reference: Float64Array, current: Float64Array): Pooled {
  const [first, second] = [ascending(reference), ascending(current)];
  const most = first.length + second.length;
  const [values, inFirst, inSecond] = [
    new Float64Array(most),
    new Float64Array(most),
    new Float64Array(most),
  ];
  let size = 0;
  let i = 0;
  let j = 0;
  while (i < first.length || j < second.length) {
    const value = j >= second.length || (first[i] as number) <= (second[j] as number) ? first[i] : second[j];
    const [fromI, fromJ] = [i, j];
    while (i < first.length && first[i] === value) i += 1;
    while (j < second.length && second[j] === value) j += 1;
    values[size] = value as number;
    inFirst[size] = i - fromI;
    inSecond[size] = j - fromJ;
    size += 1;
  }
  return {
    values: values.slice(0, size),
    reference: inFirst.slice(0, size),
    current: inSecond.slice(0, size),
    n: first.length,
    m: second.length,
    isBinned: false,
  };
}

/** NaN, which is equal to nothing, would be taken from the list again and again. */
function ascending(values: Float64Array): Float64Array {
  const sorted = values.slice().sort();
  if (Number.isNaN(sorted.at(-1))) throw new RangeError("NaN has no place in an order");
  return sorted;
}

/** The sum of counts. */
export function total(counts: Float64Array): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
