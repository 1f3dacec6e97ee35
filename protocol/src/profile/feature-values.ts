import type { TensorData } from "../codec/safetensors.js";
import { ownValue } from "../own-value.js";
import { hash32 } from "../random.js";
import type { FeatureSource } from "./feature-source.js";
import type { FeatureValue } from "./value-cells.js";

/** A tensor of a prediction; axis 0 counts the rows. */
export interface FeatureTensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** What a prediction has for its features. */
export interface FeatureRows {
  readonly inputs: Readonly<Record<string, FeatureTensor>>;
  readonly outputs: Readonly<Record<string, FeatureTensor>>;
  readonly label: FeatureTensor | null;
  readonly fields: Readonly<Record<string, FeatureValue>>;
  /** Microseconds; null when it was not measured. */
  readonly latencyUs: number | null;
}

/** The value of a source in one row of a prediction; null when there is none. */
export type ValueOf = (rows: FeatureRows, row: number) => FeatureValue;

/** The source, ready to be asked for each prediction. */
export function valueOf(source: FeatureSource): ValueOf {
  if (source.take === "field") return ({ fields }) => ownValue(fields, source.name) ?? null;
  if (source.take === "latency") return ({ latencyUs }) => latencyUs;
  const measure = measureOf(source);
  return (rows, row) => {
    const tensor = tensorOf(rows, source);
    if (tensor === undefined || tensor === null) return null;
    const width = widthOf(tensor, row);
    return width === 0 ? null : measure(tensor.data, row * width, width);
  };
}

type TensorSource = Exclude<FeatureSource, { take: "field" | "latency" }>;
type Moment = "mean" | "std" | "min" | "max" | "norm";
type Measure = (data: TensorData, begin: number, width: number) => FeatureValue;

function tensorOf(rows: FeatureRows, { of, name }: TensorSource): FeatureTensor | null | undefined {
  if (of === "label") return rows.label;
  return ownValue(of === "input" ? rows.inputs : rows.outputs, name);
}

/** Numbers of one row; 0 where there is no such row, or the data are not those of the shape. */
function widthOf({ shape, data }: FeatureTensor, row: number): number {
  const numRows = shape[0] ?? 1;
  if (row >= numRows) return 0;
  const width = data.length / numRows;
  return Number.isInteger(width) ? width : 0;
}

function measureOf(source: TensorSource): Measure {
  switch (source.take) {
    case "value":
      return (data, begin, width) => (source.at < width ? numberAt(data, begin + source.at) : null);
    case "share-of":
      return (data, begin, width) => share(data, begin, width, (value) => value === source.value);
    case "zero-share":
      return (data, begin, width) => share(data, begin, width, (value) => value === 0);
    case "length":
      return lengthOf;
    case "argmax":
      return (data, begin, width) => largestOf(data, begin, width);
    case "top-score":
      return (data, begin, width) => {
        const largest = largestOf(data, begin, width);
        return largest === null ? null : numberAt(data, begin + largest);
      };
    case "projection":
      return projection(source.seed);
    case "mean":
    case "std":
    case "min":
    case "max":
    case "norm":
      return (data, begin, width) => moment(source.take, data, begin, width);
  }
}

function numberAt(data: TensorData, at: number): number {
  return Number(data[at]);
}

function share(data: TensorData, begin: number, width: number, is: (value: number) => boolean): number {
  let num = 0;
  for (let at = begin; at < begin + width; at += 1) num += Number(is(numberAt(data, at)));
  return num / width;
}

function lengthOf(data: TensorData, begin: number, width: number): number {
  let length = width;
  while (length > 0 && numberAt(data, begin + length - 1) === 0) length -= 1;
  return length;
}

/** Index of the largest number, the first of equals; null when every one of them is missing. */
function largestOf(data: TensorData, begin: number, width: number): number | null {
  let best: number | null = null;
  let most = Number.NaN;
  for (let at = 0; at < width; at += 1) {
    const value = numberAt(data, begin + at);
    if (!(value > most) && (best !== null || Number.isNaN(value))) continue;
    best = at;
    most = value;
  }
  return best;
}

function moment(take: Moment, data: TensorData, begin: number, width: number): number {
  let [sum, squares, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = begin; at < begin + width; at += 1) {
    const value = numberAt(data, at);
    sum += value;
    squares += value * value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (take === "min") return min;
  if (take === "max") return max;
  if (take === "norm") return Math.sqrt(squares);
  const mean = sum / width;
  return take === "mean" ? mean : deviation(data, begin, width, mean);
}

/** In a second pass: the difference of two large sums would leave nothing of a small deviation. */
function deviation(data: TensorData, begin: number, width: number, mean: number): number {
  let squares = 0;
  for (let at = begin; at < begin + width; at += 1) squares += (numberAt(data, at) - mean) ** 2;
  return Math.sqrt(squares / width);
}

/** The signs of a direction are made once for each width. */
function projection(seed: string): Measure {
  const signs = new Map<number, Int8Array>();
  return (data, begin, width) => {
    let direction = signs.get(width);
    if (direction === undefined) {
      direction = Int8Array.from({ length: width }, (_, at) => (hash32(`${seed}/${at}`) & 1) * 2 - 1);
      signs.set(width, direction);
    }
    let sum = 0;
    for (let at = 0; at < width; at += 1) sum += numberAt(data, begin + at) * (direction[at] as number);
    return sum / Math.sqrt(width);
  };
}
