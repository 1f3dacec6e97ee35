import type { TensorInfo } from "@tensorflow/tfjs-core";
import { convGeometry, type ConvAttributes, type Shape4D } from "./conv-geometry.js";
import { visitTaps } from "./depthwise-taps.js";
import type { KernelCall, TrainingKernel } from "./wasm-kernels.js";

type Call = KernelCall<
  { readonly x: TensorInfo; readonly dy: TensorInfo },
  ConvAttributes & { readonly filterShape: Shape4D }
>;

/** Gradient of a depthwise convolution with respect to its filter [height, width, channels, multiplier]. */
export const depthwiseBackpropFilter: TrainingKernel = {
  kernelName: "DepthwiseConv2dNativeBackpropFilter",
  run: ({ inputs: { x, dy }, attrs, wasm }: Call) => {
    const shapes = { input: x.shape as Shape4D, filter: attrs.filterShape, isDepthwise: true };
    const geometry = convGeometry(wasm.tf, shapes, attrs);
    const { inChannels, outChannels } = geometry;
    const multiplier = outChannels / inChannels;
    const gradient = wasm.allocate(attrs.filterShape);
    const [inputs, outputs, sums] = [wasm.floats(x), wasm.floats(dy), wasm.floats(gradient)];
    sums.fill(0);
    visitTaps(geometry, (input, filter, output) => {
      for (let channel = 0, at = 0; channel < inChannels; channel += 1) {
        const value = inputs[input + channel] as number;
        for (let copy = 0; copy < multiplier; copy += 1, at += 1) {
          sums[filter + at] = (sums[filter + at] as number) + value * (outputs[output + at] as number);
        }
      }
    });
    return gradient;
  },
};
