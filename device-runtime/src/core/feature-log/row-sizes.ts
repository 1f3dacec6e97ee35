import type { TensorValue, TensorValues } from "../ports/engine.js";
import type { LogRow } from "./log-row.js";

/** How many bytes of a segment a row's tensors take. */
export function dataBytesOf({ inputs, outputs }: Pick<LogRow, "inputs" | "outputs">): number {
  return paddedBytesOf(inputs) + (outputs === null ? 0 : paddedBytesOf(outputs));
}

function paddedBytesOf(values: TensorValues): number {
  let sizeBytes = 0;
  for (const name of Object.keys(values)) sizeBytes += padded((values[name] as TensorValue).data.byteLength);
  return sizeBytes;
}

/** A row's tensors in the order in which they are written. */
export function tensorsOf(inputs: TensorValues, outputs: TensorValues | null): TensorValue[] {
  return [...Object.values(inputs), ...Object.values(outputs ?? {})];
}

/** So many bytes, filled up to a multiple of 8. */
export function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 8) * 8;
}
