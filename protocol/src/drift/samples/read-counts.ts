import type { Untestable } from "../result.js";
import type { BinCounts, BinSample, CategoryCounts, CategorySample, Sample, SamplePair } from "./sample.js";

/** Counts of the same bins, or of categories; a reason when they are of different bins or are no counts. */
export function readCounts(reference: Sample, current: Sample): SamplePair | Untestable {
  if (hasCategories(reference) && hasCategories(current)) {
    const [first, second] = [categories(reference), categories(current)];
    if (first === undefined || second === undefined) return NO_COUNTS;
    return { kind: "categories", reference: first, current: second };
  }
  if (!hasEdges(reference) || !hasEdges(current)) {
    return { reason: "one sample has bins and the other categories" };
  }
  if (!isAscending(reference.edges)) return { reason: "edges have to be finite and to ascend" };
  const isSame =
    reference.edges.length === current.edges.length &&
    reference.edges.every((edge, index) => edge === current.edges[index]);
  if (!isSame) return { reason: "the samples have different edges; counts compare only in the same bins" };
  const [first, second] = [bins(reference), bins(current)];
  if (first === undefined || second === undefined) return NO_COUNTS;
  return { kind: "bins", edges: Float64Array.from(reference.edges), reference: first, current: second };
}

const NO_COUNTS: Untestable = {
  reason: "counts have to be whole numbers from 0 on, one for each two neighbouring edges",
};

function hasCategories(sample: Sample): sample is CategoryCounts {
  return typeof sample === "object" && "categories" in sample;
}

function hasEdges(sample: Sample): sample is BinCounts {
  return typeof sample === "object" && "edges" in sample;
}

function isAscending(edges: readonly number[]): boolean {
  return (
    edges.length >= 2 &&
    edges.every(
      (edge, index) => Number.isFinite(edge) && (index === 0 || edge > (edges[index - 1] as number)),
    )
  );
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function categories({ categories: named, missing = 0 }: CategoryCounts): CategorySample | undefined {
  const entries = Object.entries(named);
  if (!isCount(missing) || !entries.every(([, count]) => isCount(count))) return undefined;
  return { counts: new Map(entries.filter(([, count]) => count > 0)), numMissing: missing };
}

function bins({ edges, counts, below = 0, above = 0, missing = 0 }: BinCounts): BinSample | undefined {
  const all = [below, ...counts, above];
  if (counts.length !== edges.length - 1 || ![...all, missing].every(isCount)) return undefined;
  return { counts: Float64Array.from(all), numMissing: missing };
}
