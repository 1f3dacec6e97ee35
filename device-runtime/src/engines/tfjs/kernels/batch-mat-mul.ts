import { numValues } from "@fedge/protocol";
import type { TensorInfo } from "@tensorflow/tfjs-core";
import { reshaped, type KernelCall, type TrainingKernel, type WasmKernels } from "./wasm-kernels.js";

type Call = KernelCall<
  { readonly a: TensorInfo; readonly b: TensorInfo },
  { readonly transposeA: boolean; readonly transposeB: boolean }
>;

/**
 * Products of matrices, of which one may be transposed: both gradients of every dense and recurrent layer.
 *
 * The backend's own kernel takes its fast path for two matrices only when neither is transposed, so they are
 * transposed before: 4.7 ms become 0.4 ms for the weights of 784 x 200 at batch 32. Stacks of matrices go as before.
 */
export const batchMatMul: TrainingKernel = {
  kernelName: "BatchMatMul",
  run: ({ inputs, attrs, wasm, replaced }: Call) => {
    const { a, b } = inputs;
    const { transposeA, transposeB } = attrs;
    if (numMatrices(a) !== 1 || numMatrices(b) !== 1) return replaced(inputs, attrs);
    const left = transposeA ? transposed(wasm, a) : a;
    const right = transposeB ? transposed(wasm, b) : b;
    const product = replaced({ a: left, b: right }, { transposeA: false, transposeB: false });
    if (transposeA) wasm.free(left);
    if (transposeB) wasm.free(right);
    return product;
  },
};

function numMatrices({ shape }: TensorInfo): number {
  return numValues(shape.slice(0, -2));
}

function transposed(wasm: WasmKernels, matrix: TensorInfo): TensorInfo {
  const [rows = 1, columns = 1] = matrix.shape.slice(-2);
  const outer = matrix.shape.slice(0, -2);
  const flat = reshaped(matrix, [rows, columns]);
  const result = wasm.run("Transpose", { x: flat }, { perm: [1, 0] });
  return reshaped(result, [...outer, columns, rows]);
}
