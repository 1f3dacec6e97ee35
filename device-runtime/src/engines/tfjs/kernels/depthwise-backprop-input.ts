import type { TensorInfo } from "@tensorflow/tfjs-core";
import { convGeometry, type ConvAttributes, type Shape4D } from "./conv-geometry.js";
import { visitTaps } from "./depthwise-taps.js";
import type { KernelCall, TrainingKernel } from "./wasm-kernels.js";

type Call = KernelCall<
  { readonly dy: TensorInfo; readonly filter: TensorInfo },
  ConvAttributes & { readonly inputShape: Shape4D }
>;

/** Gradient of a depthwise convolution with respect to its input. */
export const depthwiseBackpropInput: TrainingKernel = {
  kernelName: "DepthwiseConv2dNativeBackpropInput",
  run: ({ inputs: { dy, filter }, attrs, wasm }: Call) => {
    const shapes = { input: attrs.inputShape, filter: filter.shape as Shape4D, isDepthwise: true };
    const geometry = convGeometry(wasm.tf, shapes, attrs);
    const { inChannels, outChannels } = geometry;
    const multiplier = outChannels / inChannels;
    const gradient = wasm.allocate(attrs.inputShape);
    const [weights, outputs, sums] = [wasm.floats(filter), wasm.floats(dy), wasm.floats(gradient)];
    sums.fill(0);
    visitTaps(geometry, (input, first, output) => {
      for (let channel = 0, at = 0; channel < inChannels; channel += 1) {
        let sum = sums[input + channel] as number;
        for (let copy = 0; copy < multiplier; copy += 1, at += 1) {
          sum += (weights[first + at] as number) * (outputs[output + at] as number);
        }
        sums[input + channel] = sum;
      }
    });
    return gradient;
  },
};
