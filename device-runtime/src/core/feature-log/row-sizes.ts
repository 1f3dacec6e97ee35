import type { TensorValue, TensorValues } from "../ports/engine.js";
import type { LogRow } from "./log-row.js";

/** How many bytes of a segment a row's tensors take. */
export function dataBytesOf({ inputs, outputs }: Pick<LogRow, "inputs" | "outputs">): number {
  return tensorsOf(inputs, outputs).reduce((sum, { data }) => sum + padded(data.byteLength), 0);
}

/** A row's tensors in the order in which they are written. */
export function tensorsOf(inputs: TensorValues, outputs: TensorValues | null): TensorValue[] {
  return [...Object.values(inputs), ...Object.values(outputs ?? {})];
}

/** So many bytes, filled up to a multiple of 8. */
export function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 8) * 8;
}
