import { FedgeError, type TensorData } from "@fedge/protocol";
import type { Examples, TensorValue } from "../ports/engine.js";
import { elementTypeOf } from "../serving/tensor-types.js";
import { wrongClassIn } from "./class-labels.js";
import type { FeatureLog } from "./feature-log.js";
import { numExamplesOf, type LogRow } from "./log-row.js";

/** A model's labelled predictions as the examples that it is trained on; the newest first, of which its labels are classes. */
export async function loggedExamples(
  log: FeatureLog,
  { model, numClasses }: { readonly model: string; readonly numClasses: number | null },
  maxExamples: number,
): Promise<Examples> {
  const rows = await log.query({ model, isLabelled: true, limit: maxExamples });
  return toExamples(ofClasses(rows, numClasses), maxExamples);
}

/** The rows whose labels the model can be trained on: an older version of it may have had more classes. */
export function ofClasses(rows: readonly LogRow[], numClasses: number | null): readonly LogRow[] {
  if (numClasses === null) return rows;
  return rows.filter(({ label }) => label === null || wrongClassIn(label, numClasses) === null);
}

/**
 * The rows one below the other. Rows that differ from the newest in names, types or shapes of an example are left
 * out: an older version of the model took something else. Throws TRAINING_FAILED when there is none.
 */
export function toExamples(rows: readonly LogRow[], maxExamples: number): Examples {
  const [newest] = rows;
  if (newest === undefined) throw new FedgeError("TRAINING_FAILED", "the feature log has no labelled rows");
  const form = formOf(newest);
  const alike: LogRow[] = [];
  let numExamples = 0;
  for (const row of rows) {
    if (formOf(row) !== form) continue;
    if (numExamples + numExamplesOf(row) > maxExamples && alike.length > 0) break;
    alike.push(row);
    numExamples += numExamplesOf(row);
  }
  const names = Object.keys(newest.inputs);
  const column = (of: (row: LogRow) => TensorValue | null | undefined): TensorValue =>
    stacked(alike.flatMap((row) => of(row) ?? []));
  return {
    numExamples,
    inputs: Object.fromEntries(names.map((name) => [name, column(({ inputs }) => inputs[name])])),
    target: column(({ label }) => label),
    mayMove: true,
  };
}

/** What rows must have in common to be trained on together. */
function formOf({ inputs, label }: LogRow): string {
  const form = ({ shape, data }: TensorValue): string => `${elementTypeOf(data)} ${shape.slice(1).join("x")}`;
  const counts = Object.values(inputs).every(({ shape }) => shape[0] === label?.shape[0]);
  const names = Object.entries(inputs).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([names.map(([name, value]) => [name, form(value)]), label && form(label), counts]);
}

function stacked(values: readonly TensorValue[]): TensorValue {
  const [first] = values;
  if (first === undefined) throw new FedgeError("TRAINING_FAILED", "the feature log's rows have no inputs");
  const length = values.reduce((sum, { data }) => sum + data.length, 0);
  const data = new (first.data.constructor as new (length: number) => TensorData)(length);
  let at = 0;
  for (const value of values) {
    // All are of one type, which the union of the types cannot say.
    (data as Float32Array).set(value.data as Float32Array, at);
    at += value.data.length;
  }
  const count = values.reduce((sum, { shape }) => sum + (shape[0] ?? 1), 0);
  return { shape: [count, ...first.shape.slice(1)], data };
}
