import type { TensorInfo } from "@tensorflow/tfjs-core";
import {
  convGeometry,
  outputsInside,
  type ConvAttributes,
  type ConvGeometry,
  type Shape4D,
} from "./conv-geometry.js";
import type { KernelCall, TrainingKernel, WasmKernels } from "./wasm-kernels.js";

type Call = KernelCall<
  { readonly dy: TensorInfo; readonly filter: TensorInfo },
  ConvAttributes & { readonly inputShape: Shape4D }
>;

/**
 * Gradient of a convolution with respect to its input (and the transposed convolution itself): the convolution of
 * the output's gradient, spread by the stride, with the filter turned by 180 degrees.
 *
 * The backend has a kernel of its own that does without SIMD; this one is 3 to 10 times as fast.
 */
export const conv2dBackpropInput: TrainingKernel = {
  kernelName: "Conv2DBackpropInput",
  run: ({ inputs: { dy, filter }, attrs, wasm }: Call) => {
    const shapes = { input: attrs.inputShape, filter: filter.shape as Shape4D, isDepthwise: false };
    const geometry = convGeometry(wasm.tf, shapes, attrs);
    const spread = spreadGradient(wasm, dy, geometry);
    const turned = turnFilter(wasm, filter, geometry);
    const attributes = { strides: [1, 1], pad: "valid", dataFormat: "NHWC", dilations: [1, 1] };
    const gradient = wasm.run("Conv2D", { x: spread, filter: turned }, attributes);
    wasm.free(spread, turned);
    return gradient;
  },
};

/** The gradient with zeros between its elements and around them, so large that a convolution gives the input's size. */
function spreadGradient(wasm: WasmKernels, dy: TensorInfo, geometry: ConvGeometry): TensorInfo {
  const { batchSize, outChannels, outHeight, outWidth, strideHeight, strideWidth, padInfo } = geometry;
  const height = geometry.inHeight + geometry.filterHeight - 1;
  const width = geometry.inWidth + geometry.filterWidth - 1;
  const [offsetY, offsetX] = [
    geometry.filterHeight - 1 - padInfo.top,
    geometry.filterWidth - 1 - padInfo.left,
  ];
  const spread = wasm.allocate([batchSize, height, width, outChannels]);
  const [from, to] = [wasm.floats(dy), wasm.floats(spread)];
  const ys = outputsInside({
    offset: offsetY,
    stride: strideHeight,
    inputSize: height,
    outputSize: outHeight,
  });
  const xs = outputsInside({ offset: offsetX, stride: strideWidth, inputSize: width, outputSize: outWidth });
  to.fill(0);
  for (let example = 0; example < batchSize; example += 1) {
    for (let y = ys.first; y < ys.end; y += 1) {
      const line = (example * height + y * strideHeight + offsetY) * width;
      for (let x = xs.first; x < xs.end; x += 1) {
        const source = ((example * outHeight + y) * outWidth + x) * outChannels;
        const target = (line + x * strideWidth + offsetX) * outChannels;
        for (let at = 0; at < outChannels; at += 1) to[target + at] = from[source + at] as number;
      }
    }
  }
  return spread;
}

/** [height, width, in, out] to [height, width, out, in], with both spatial axes reversed. */
function turnFilter(wasm: WasmKernels, filter: TensorInfo, geometry: ConvGeometry): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels } = geometry;
  const turned = wasm.allocate([filterHeight, filterWidth, outChannels, inChannels]);
  const [from, to] = [wasm.floats(filter), wasm.floats(turned)];
  const numTaps = filterHeight * filterWidth;
  const tapSize = inChannels * outChannels;
  for (let tap = 0; tap < numTaps; tap += 1) {
    const [source, target] = [tap * tapSize, (numTaps - 1 - tap) * tapSize];
    for (let input = 0; input < inChannels; input += 1) {
      for (let output = 0; output < outChannels; output += 1) {
        to[target + output * inChannels + input] = from[source + input * outChannels + output] as number;
      }
    }
  }
  return turned;
}
