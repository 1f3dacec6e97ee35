import { classesOf } from "./check-outputs.js";
import type { TensorValue, TensorValues } from "../ports/engine.js";
import type { ServingCounter } from "./serving-counter.js";

/** What an app says of a prediction, in so far as it can be counted. */
export interface Feedback {
  /** What was noted; only the first value of a name counts. */
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
  readonly fieldsBefore: Readonly<Record<string, unknown>>;
}

/**
 * Counts what was noted: a field that is true or false by its own name, and the field `action` of the values "accepted"
 * and "rejected" as the proxy `accepted`. Nothing else that an app notes leaves the device, not even counted.
 */
export function countFields(counter: ServingCounter, { fields, fieldsBefore }: Feedback): void {
  for (const [name, value] of Object.entries(fields)) {
    if (Object.hasOwn(fieldsBefore, name)) continue;
    if (typeof value === "boolean") counter.noted(name, value);
    if (name === "action" && (value === "accepted" || value === "rejected"))
      counter.noted("accepted", value === "accepted");
  }
}

/**
 * Counts how often a classification was right: rows of its one output, whose largest value is the answer, against a class
 * index or a one-hot row. Where right and wrong are not defined, as for a regression, nothing is counted: its error is a
 * matter of federated evaluation.
 */
export function countLabel(
  counter: ServingCounter,
  loss: string | undefined,
  outputs: TensorValues | null,
  label: TensorValue,
): void {
  const [output, ...others] = Object.values(outputs ?? {});
  if (loss !== "softmax-cross-entropy" || output === undefined || others.length > 0) return;
  const answers = classesOf(output);
  const isOneHot = label.data.length === output.data.length && label.data.length > answers.length;
  const truths = isOneHot ? classesOf({ ...label, shape: output.shape }) : [...label.data].map(Number);
  if (truths.length !== answers.length) return;
  // A negative class index says that nothing is known of the row.
  const known = answers.filter((_, row) => (truths[row] ?? -1) >= 0);
  const numWrong = answers.filter((answer, row) => (truths[row] ?? -1) >= 0 && answer !== truths[row]).length;
  counter.labelled({ numLabelled: known.length, numWrong });
}
