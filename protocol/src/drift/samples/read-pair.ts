import type { Untestable } from "../result.js";
import { readCounts } from "./read-counts.js";
import type { CategorySample, NumberSample, Sample, SamplePair, SampleValue } from "./sample.js";
import { readVectors } from "./read-vectors.js";

/** How JSON, which has no words for them, may spell numbers that are not finite. */
const SPELLED: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/**
 * Both samples, read as numbers when the reference is of numbers (the current sample when the reference has no value at all), as
 * categories otherwise; counts and vectors as they are. A reason when they do not fit together.
 */
export function readPair(reference: Sample, current: Sample): SamplePair | Untestable {
  const isReferenceList = isList(reference);
  if (isReferenceList !== isList(current)) return { reason: "one sample has counts and the other values" };
  if (!isReferenceList) return readCounts(reference, current);
  const [first, second] = [reference as ArrayLike<unknown>, current as ArrayLike<unknown>];
  if (isArrayOfRows(first) || isArrayOfRows(second)) return readVectors(first, second);
  const [one, other] = [first as ArrayLike<SampleValue>, second as ArrayLike<SampleValue>];
  const kind = kindOf(one) ?? kindOf(other) ?? "numbers";
  return kind === "numbers"
    ? { kind, reference: numbersOf(one), current: numbersOf(other) }
    : { kind, reference: categoriesOf(one), current: categoriesOf(other) };
}

function isList(sample: Sample): boolean {
  return Array.isArray(sample) || ArrayBuffer.isView(sample);
}

/** Whether the first value that is there is a list. */
function isArrayOfRows(values: ArrayLike<unknown>): boolean {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (value !== null && value !== undefined) return Array.isArray(value) || ArrayBuffer.isView(value);
  }
  return false;
}

/** `undefined` for a sample with missing values only. */
function kindOf(values: ArrayLike<SampleValue>): "numbers" | "categories" | undefined {
  let kind: "numbers" | undefined;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (value === null || value === undefined) continue;
    if (numberOf(value) === undefined) return "categories";
    kind = "numbers";
  }
  return kind;
}

function numberOf(value: SampleValue): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" ? SPELLED.get(value) : undefined;
}

function numbersOf(source: ArrayLike<SampleValue>): NumberSample {
  const values = new Float64Array(source.length);
  let numValues = 0;
  let numWrongType = 0;
  for (let index = 0; index < source.length; index += 1) {
    const value = source[index];
    const number = numberOf(value);
    if (number !== undefined && !Number.isNaN(number)) {
      values[numValues] = number;
      numValues += 1;
    } else if (number === undefined && value !== null && value !== undefined) numWrongType += 1;
  }
  const numMissing = source.length - numValues - numWrongType;
  return { values: values.slice(0, numValues), numMissing, numWrongType };
}

function categoriesOf(source: ArrayLike<SampleValue>): CategorySample {
  const counts = new Map<string, number>();
  let numMissing = 0;
  for (let index = 0; index < source.length; index += 1) {
    const value = source[index];
    if (value === null || value === undefined || Number.isNaN(value)) numMissing += 1;
    else counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  }
  return { counts, numMissing };
}
