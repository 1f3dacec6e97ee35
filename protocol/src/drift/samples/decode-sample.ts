import { FedgeError } from "../../errors.js";
import type { BinCounts, CategoryCounts, Sample, SampleValue, Vectors } from "./sample.js";

/**
 * A sample that a person or a file gave: a list of numbers, texts, booleans and nulls; a list of vectors; or counts,
 * `{"edges": […], "counts": […]}` or `{"categories": {…}}`. Throws DATA_CORRUPT with what is wrong and where.
 */
export function decodeSample(value: unknown, what: string): Sample {
  if (Array.isArray(value)) return decodeList(value, what);
  if (typeof value !== "object" || value === null) {
    throw invalid(what, "is neither a list of values nor an object of counts");
  }
  const counts = value as Readonly<Record<string, unknown>>;
  if ("categories" in counts) return decodeCategories(counts, what);
  if ("edges" in counts) return decodeBins(counts, what);
  throw invalid(what, 'has neither "edges" with "counts" nor "categories"');
}

function decodeList(list: readonly unknown[], what: string): Sample {
  const hasRows = list.some(Array.isArray);
  list.forEach((item, index) => {
    if (hasRows ? !isRow(item) : !isValue(item)) {
      throw invalid(
        what,
        `has at place ${index} what is no ${hasRows ? "list of numbers" : "number, text, boolean or null"}`,
      );
    }
  });
  return hasRows ? (list as Vectors) : (list as readonly SampleValue[]);
}

function isValue(item: unknown): item is SampleValue {
  return item === null || ["number", "string", "boolean"].includes(typeof item);
}

function isRow(item: unknown): boolean {
  return item === null || (Array.isArray(item) && item.every((value) => typeof value === "number"));
}

function decodeCategories(counts: Readonly<Record<string, unknown>>, what: string): CategoryCounts {
  const { categories, missing } = counts;
  if (typeof categories !== "object" || categories === null || Array.isArray(categories)) {
    throw invalid(what, 'has in "categories" no object of counts');
  }
  const entries = Object.entries(categories).map(([name, count]): [string, number] => [
    name,
    number(count, what, `the count of "${name.slice(0, 64)}"`),
  ]);
  return { categories: Object.fromEntries(entries), missing: optional(missing, what, '"missing"') };
}

function decodeBins(counts: Readonly<Record<string, unknown>>, what: string): BinCounts {
  const list = (name: "edges" | "counts"): number[] => {
    const values = counts[name];
    if (!Array.isArray(values)) throw invalid(what, `has in "${name}" no list`);
    return values.map((value, index) => number(value, what, `"${name}" at place ${index}`));
  };
  return {
    edges: list("edges"),
    counts: list("counts"),
    below: optional(counts["below"], what, '"below"'),
    above: optional(counts["above"], what, '"above"'),
    missing: optional(counts["missing"], what, '"missing"'),
  };
}

function optional(value: unknown, what: string, name: string): number | undefined {
  return value === undefined ? undefined : number(value, what, name);
}

function number(value: unknown, what: string, name: string): number {
  if (typeof value === "number") return value;
  throw invalid(what, `has no number as ${name}`);
}

function invalid(what: string, problem: string): FedgeError {
  return new FedgeError(
    "DATA_CORRUPT",
    `${what} ${problem}; give [1, 2, null], ["a", "b"], {"edges": [0, 1, 2], "counts": [5, 7]} or {"categories": {"a": 5}}`,
    { details: { what } },
  );
}
