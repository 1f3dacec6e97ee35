import type { LogStatus } from "../device-interface.js";
import type { TensorValue, TensorValues } from "../ports/engine.js";
import { elementTypeOf } from "../serving/tensor-types.js";
import type { LogRow } from "./log-row.js";

/** The first line of an export. */
export function headLine(status: LogStatus): string {
  return line({ type: "log", ...status });
}

/** A row as a line of an export. Times are UTC, in ISO 8601. */
export function rowLine(row: LogRow): string {
  const { id, atMs, model, version, inputs, outputs, fields, label, labelledAtMs, explanation, shadow } = row;
  return line({
    ...{ type: "row", id, at: timeOf(atMs), model, version },
    inputs: tensorsOf(inputs),
    outputs: outputs === null ? null : tensorsOf(outputs),
    fields,
    label: label === null ? null : tensorOf(label),
    labelledAt: labelledAtMs === null ? null : timeOf(labelledAtMs),
    explanation: explanation === null ? null : tensorsOf(explanation),
    // Only where a shadow ran: JSON leaves it out of every other row.
    shadow,
  });
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function timeOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function tensorsOf(values: TensorValues): object {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, tensorOf(value)]));
}

/** JSON has no NaN and no infinities, and its readers round large integers: those are text. */
function tensorOf({ shape, data }: TensorValue): object {
  const values = Array.from<number | bigint>(data as Iterable<number | bigint>);
  const plain = values.map((value) => (Number.isFinite(value) ? value : String(value)));
  return { elementType: elementTypeOf(data), shape, values: plain };
}
