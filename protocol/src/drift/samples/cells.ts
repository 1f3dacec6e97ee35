import { countInBin, equalMassEdges } from "./bin-edges.js";
import type { SamplePair } from "./sample.js";

/** Counts of the same cells on both sides; cells that are empty on both sides are left out. */
export interface Cells {
  readonly labels: readonly string[];
  readonly reference: Float64Array;
  readonly current: Float64Array;
  readonly n: number;
  readonly m: number;
  /** How numeric values were cut; none for categories. */
  readonly edges?: Float64Array;
}

/**
 * The pair as counts. Numeric values go into bins of the reference, infinities, missing values and wrong types into cells of their own:
 * nothing is dropped. `sortedReference` are the numbers of the reference, ascending, where there are any.
 */
export function cellsOf(
  pair: Exclude<SamplePair, { kind: "vectors" }>,
  numBins: number,
  sortedReference?: Float64Array,
): Cells {
  if (pair.kind === "categories") return categoryCells(pair);
  if (pair.kind === "bins") {
    const { edges, reference, current } = pair;
    return filled(
      [...binLabels(edges), "missing"],
      [...reference.counts, reference.numMissing],
      [...current.counts, current.numMissing],
      edges,
    );
  }
  const sorted = sortedReference ?? pair.reference.values.slice().sort();
  const edges = equalMassEdges(sorted, numBins);
  const count = ({ values, numMissing, numWrongType }: typeof pair.reference): number[] => {
    const counts = new Float64Array(edges.length + 1);
    let numNegative = 0;
    let numPositive = 0;
    for (const value of values) {
      if (value === Number.POSITIVE_INFINITY) numPositive += 1;
      else if (value === Number.NEGATIVE_INFINITY) numNegative += 1;
      else countInBin(counts, edges, value);
    }
    return [...counts, numNegative, numPositive, numMissing, numWrongType];
  };
  const labels = [...binLabels(edges), "-Infinity", "Infinity", "missing", "wrong type"];
  return filled(labels, count(pair.reference), count(pair.current), edges);
}

function categoryCells({ reference, current }: Extract<SamplePair, { kind: "categories" }>): Cells {
  const names = [...new Set([...reference.counts.keys(), ...current.counts.keys()])].sort();
  const countsOf = (sample: typeof reference): number[] => [
    ...names.map((name) => sample.counts.get(name) ?? 0),
    sample.numMissing,
  ];
  return filled([...names, "missing"], countsOf(reference), countsOf(current));
}

function binLabels(edges: Float64Array): string[] {
  if (edges.length === 0) return ["any"];
  const inner = [...edges].slice(1).map((edge, index) => `[${edges[index]}, ${edge})`);
  return [`below ${edges[0]}`, ...inner, `${edges[edges.length - 1]} or above`];
}

function filled(
  labels: readonly string[],
  reference: readonly number[],
  current: readonly number[],
  edges?: Float64Array,
): Cells {
  const kept = labels.map((_label, index) => index).filter((at) => reference[at] !== 0 || current[at] !== 0);
  const pick = (counts: readonly number[]): Float64Array =>
    Float64Array.from(kept, (at) => counts[at] as number);
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return {
    labels: kept.map((at) => labels[at] as string),
    reference: pick(reference),
    current: pick(current),
    n: sum(reference),
    m: sum(current),
    ...(edges === undefined ? {} : { edges }),
  };
}
