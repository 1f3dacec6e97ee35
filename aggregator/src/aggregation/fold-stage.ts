import { INT8_BLOCK, type UpdateEncoding } from "@fedge/protocol";
import { STAGE, STAGE_SCALES, STAGE_VALUES, paddedCount, type FoldKernels } from "./fold-kernels.js";

const VALUE_BYTES: Readonly<Record<UpdateEncoding, number>> = { float32: 4, float16: 2, int8: 1 };

/**
 * Calls `visit` for one slice of an encoded update after the other, each staged in the kernels' memory and padded
 * with zeros to whole blocks. `start` and `count` are in values.
 */
export function forEachSlice(
  { memory }: FoldKernels,
  update: { readonly body: Uint8Array; readonly encoding: UpdateEncoding; readonly numParameters: number },
  visit: (start: number, count: number) => void,
): void {
  const { body, encoding, numParameters } = update;
  const stage = new Uint8Array(memory.buffer);
  const valueBytes = VALUE_BYTES[encoding];
  const padded = paddedCount(numParameters);
  const values = body.subarray(body.byteLength - valueBytes * numParameters);
  for (let start = 0; start < padded; start += STAGE_VALUES) {
    const count = Math.min(STAGE_VALUES, padded - start);
    const slice = values.subarray(valueBytes * start, valueBytes * Math.min(start + count, numParameters));
    stage.set(slice, STAGE);
    stage.fill(0, STAGE + slice.byteLength, STAGE + valueBytes * count);
    if (encoding === "int8") {
      const scales = body.subarray((4 * start) / INT8_BLOCK, (4 * (start + count)) / INT8_BLOCK);
      stage.set(scales, STAGE_SCALES);
    }
    visit(start, count);
  }
}
