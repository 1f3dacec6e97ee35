import type { TensorValue, TensorValues } from "../ports/engine.js";

/** Whether any value is NaN. Infinities may be meant, as in the logarithm of an impossible answer. */
export function hasNoNumber(outputs: TensorValues): boolean {
  return Object.values(outputs).some(({ data }) => isFloat(data) && data.some(Number.isNaN));
}

const RELATIVE = 1e-3;
/** Below this a value counts as nothing, and so does its relative error. */
const SMALLEST = 1e-6;

/**
 * Whether two versions answer alike: for a classification the same class in every row, else every value within a
 * thousandth of the other.
 */
export function isAlike(one: TensorValues, other: TensorValues, isClassification: boolean): boolean {
  const names = Object.keys(one);
  return names.every((name) => {
    const [left, right] = [one[name], other[name]];
    if (left === undefined || right === undefined || left.data.length !== right.data.length) return false;
    return isClassification ? hasSameClasses(left, right) : hasCloseValues(left, right);
  });
}

/** The class with the largest value of each row; the last axis counts the classes. */
export function classesOf({ shape, data }: TensorValue): number[] {
  const numClasses = shape.at(-1) ?? 1;
  const numRows = numClasses === 0 ? 0 : data.length / numClasses;
  return Array.from({ length: numRows }, (_, row) => {
    let best = 0;
    for (let at = 1; at < numClasses; at += 1) {
      if (Number(data[row * numClasses + at]) > Number(data[row * numClasses + best])) best = at;
    }
    return best;
  });
}

function hasSameClasses(left: TensorValue, right: TensorValue): boolean {
  const others = classesOf(right);
  return classesOf(left).every((best, row) => best === others[row]);
}

function hasCloseValues(left: TensorValue, right: TensorValue): boolean {
  for (let at = 0; at < left.data.length; at += 1) {
    const [a, b] = [Number(left.data[at]), Number(right.data[at])];
    const scale = Math.max(Math.abs(a), Math.abs(b), SMALLEST);
    if (!(a === b || Math.abs(a - b) <= RELATIVE * scale)) return false;
  }
  return true;
}

function isFloat(data: TensorValue["data"]): data is Float32Array | Float64Array {
  return data instanceof Float32Array || data instanceof Float64Array;
}
