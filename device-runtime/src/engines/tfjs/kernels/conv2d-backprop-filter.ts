import type { TensorInfo } from "@tensorflow/tfjs-core";
import {
  convGeometry,
  outputsInside,
  type ConvAttributes,
  type ConvGeometry,
  type Shape4D,
} from "./conv-geometry.js";
import { reshaped, type KernelCall, type TrainingKernel } from "./wasm-kernels.js";

type Call = KernelCall<
  { readonly x: TensorInfo; readonly dy: TensorInfo },
  ConvAttributes & { readonly filterShape: Shape4D }
>;

/**
 * Gradient of a convolution with respect to its filter: one matrix product of the unfolded input, a row for each
 * element of the filter and a column for each output position, with the output's gradient.
 *
 * 25 times the speed of loops over the filter for 5 x 5 x 32 x 64 on 14 x 14; as another convolution with the
 * gradient for its filter it is twice as slow where there are few input channels, and less exact.
 */
export const conv2dBackpropFilter: TrainingKernel = {
  kernelName: "Conv2DBackpropFilter",
  run: ({ inputs: { x, dy }, attrs, wasm }: Call) => {
    const { filterShape } = attrs;
    const shapes = { input: x.shape as Shape4D, filter: filterShape, isDepthwise: false };
    const geometry = convGeometry(wasm.tf, shapes, attrs);
    const numPositions = geometry.batchSize * geometry.outHeight * geometry.outWidth;
    const numRows = geometry.filterHeight * geometry.filterWidth * geometry.inChannels;
    const unfolded = wasm.allocate([1, numRows, numPositions]);
    unfold(wasm.floats(x), wasm.floats(unfolded), geometry);
    const gradient = wasm.matMul(unfolded, reshaped(dy, [1, numPositions, geometry.outChannels]));
    wasm.free(unfolded);
    return reshaped(gradient, filterShape);
  },
};

/** Values of the input that each element of the filter meets, [filter element, output position]; padding is 0. */
function unfold(input: Float32Array, unfolded: Float32Array, geometry: ConvGeometry): void {
  const { filterHeight, filterWidth, inChannels, outHeight, outWidth, batchSize } = geometry;
  const numPositions = batchSize * outHeight * outWidth;
  unfolded.fill(0);
  for (let tapY = 0; tapY < filterHeight; tapY += 1) {
    for (let tapX = 0; tapX < filterWidth; tapX += 1) {
      for (let channel = 0; channel < inChannels; channel += 1) {
        const row = (tapY * filterWidth + tapX) * inChannels + channel;
        unfoldRow(input, unfolded.subarray(row * numPositions, (row + 1) * numPositions), geometry, {
          offsetY: tapY * geometry.dilationHeight - geometry.padInfo.top,
          offsetX: tapX * geometry.dilationWidth - geometry.padInfo.left,
          channel,
        });
      }
    }
  }
}

function unfoldRow(
  input: Float32Array,
  row: Float32Array,
  geometry: ConvGeometry,
  { offsetY, offsetX, channel }: { offsetY: number; offsetX: number; channel: number },
): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth } =
    geometry;
  const ys = outputsInside({
    offset: offsetY,
    stride: strideHeight,
    inputSize: inHeight,
    outputSize: outHeight,
  });
  const xs = outputsInside({
    offset: offsetX,
    stride: strideWidth,
    inputSize: inWidth,
    outputSize: outWidth,
  });
  const step = strideWidth * inChannels;
  for (let example = 0; example < batchSize; example += 1) {
    for (let y = ys.first; y < ys.end; y += 1) {
      const line = (example * inHeight + y * strideHeight + offsetY) * inWidth;
      const to = (example * outHeight + y) * outWidth;
      let from = (line + xs.first * strideWidth + offsetX) * inChannels + channel;
      for (let x = xs.first; x < xs.end; x += 1, from += step) row[to + x] = input[from] as number;
    }
  }
}
