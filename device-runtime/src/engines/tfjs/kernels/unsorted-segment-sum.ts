import { numValues } from "@fedge/protocol";
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { KernelCall, TrainingKernel } from "./wasm-kernels.js";

type Call = KernelCall<
  { readonly x: TensorInfo; readonly segmentIds: TensorInfo },
  { readonly numSegments: number }
>;

/**
 * Sums of the rows of x that have the same segment id: the gradient of an embedding. Ids outside of
 * [0, numSegments) are left out, as TensorFlow does.
 */
export const unsortedSegmentSum: TrainingKernel = {
  kernelName: "UnsortedSegmentSum",
  run: ({ inputs: { x, segmentIds }, attrs: { numSegments }, wasm }: Call) => {
    const rowShape = x.shape.slice(segmentIds.shape.length);
    const rowSize = numValues(rowShape);
    const result = wasm.allocate([numSegments, ...rowShape], x.dtype);
    // Both types are read and added alike; the element type of the views is the tensor's.
    const [ids, rows, sums] = [wasm.integers(segmentIds), wasm.floats(x), wasm.floats(result)];
    sums.fill(0);
    ids.forEach((id, row) => {
      if (id < 0 || id >= numSegments) return;
      const [from, to] = [row * rowSize, id * rowSize];
      for (let at = 0; at < rowSize; at += 1) {
        sums[to + at] = (sums[to + at] as number) + (rows[from + at] as number);
      }
    });
    return result;
  },
};
