import type { TensorValue, TensorValues } from "../ports/engine.js";
import type { LogRow } from "./log-row.js";

/**
 * The row with memory of its own: views of a segment would keep it whole in memory, and take it along to another tab;
 * memory that rows share while they wait is used again.
 */
export function ownRow(row: LogRow): LogRow {
  const own = (values: TensorValues): TensorValues =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, ownTensor(value)]));
  return { ...row, inputs: own(row.inputs), outputs: row.outputs === null ? null : own(row.outputs) };
}

function ownTensor({ shape, data }: TensorValue): TensorValue {
  return { shape, data: data.byteLength === data.buffer.byteLength ? data : data.slice() };
}
