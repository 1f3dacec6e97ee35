import { INT8_BLOCK, type UpdateEncoding } from "@fedge/protocol";
import { BODY, paddedCount } from "./fold-kernels.js";

const VALUE_BYTES: Readonly<Record<UpdateEncoding, number>> = { float32: 4, float16: 2, int8: 1 };

/** Values that are copied at once: checked right after, they still lie in the processor core's own cache. */
export const VALUES_AT_ONCE = 65_536;

/** Where the kernels find the values of an update, and for `int8` the scales that stand before them. */
export interface LoadedUpdate {
  readonly values: number;
  readonly scales: number;
}

export function whereLoaded(encoding: UpdateEncoding, numParameters: number): LoadedUpdate {
  const scaleBytes = encoding === "int8" ? (4 * paddedCount(numParameters)) / INT8_BLOCK : 0;
  return { values: BODY + scaleBytes, scales: BODY };
}

/**
 * Copies an encoded update into the kernels' memory, padded with zeros to whole blocks, and calls `visit` for every
 * part of it that was just copied.
 */
export function loadUpdate(
  memory: WebAssembly.Memory,
  update: { readonly body: Uint8Array; readonly encoding: UpdateEncoding; readonly numParameters: number },
  visit: (part: LoadedUpdate, count: number) => void,
): void {
  const { body, encoding, numParameters } = update;
  const target = new Uint8Array(memory.buffer);
  const valueBytes = VALUE_BYTES[encoding];
  const { values, scales } = whereLoaded(encoding, numParameters);
  const padded = paddedCount(numParameters);
  target.set(body.subarray(0, values - BODY), BODY);
  target.fill(0, values + valueBytes * numParameters, values + valueBytes * padded);
  for (let start = 0; start < padded; start += VALUES_AT_ONCE) {
    const count = Math.min(VALUES_AT_ONCE, padded - start);
    const from = values - BODY + valueBytes * start;
    const part = values + valueBytes * start;
    target.set(body.subarray(from, from + valueBytes * count), part);
    visit({ values: part, scales: scales + (4 * start) / INT8_BLOCK }, count);
  }
}
