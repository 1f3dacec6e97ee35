import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { ConvAttributes, ConvGeometry, Shape4D } from "./conv-geometry.js";
import type { KernelCall, TrainingKernel } from "./wasm-kernels.js";

type Call = KernelCall<
  { readonly dy: TensorInfo; readonly input: TensorInfo },
  Pick<ConvAttributes, "strides" | "pad" | "dimRoundingMode"> & {
    readonly filterSize: [number, number] | number;
  }
>;

/**
 * Gradient of max pooling: what each output gets goes to the first maximum of its window, as in ONNX Runtime and
 * PyTorch. tfjs 4.22's own WASM kernel sends it to wrong places where a side of the window is even.
 */
export const maxPoolGrad: TrainingKernel = {
  kernelName: "MaxPoolGrad",
  run: ({ inputs: { dy, input }, attrs, wasm }: Call) => {
    const { filterSize, strides, pad, dimRoundingMode } = attrs;
    const shape = input.shape as Shape4D;
    const geometry = wasm.tf.backend_util.computePool2DInfo(
      shape,
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    const gradient = wasm.allocate(shape);
    const [values, outputs, sums] = [wasm.floats(input), wasm.floats(dy), wasm.floats(gradient)];
    sums.fill(0);
    visitWindows(geometry, (window, output) => {
      for (let channel = 0; channel < geometry.inChannels; channel += 1) {
        const at = firstMaximum(values, window, channel);
        sums[at] = (sums[at] as number) + (outputs[output + channel] as number);
      }
    });
    return gradient;
  },
};

/** The part of a window that lies in the input: its first pixel's first channel, and its size in pixels. */
interface Window {
  readonly start: number;
  readonly height: number;
  readonly width: number;
  readonly lineStep: number;
  readonly pixelStep: number;
}

function visitWindows(geometry: ConvGeometry, visit: (window: Window, output: number) => void): void {
  const { batchSize, outHeight, outWidth, inHeight, inWidth, inChannels, padInfo } = geometry;
  const { strideHeight, strideWidth, filterHeight, filterWidth } = geometry;
  let output = 0;
  for (let example = 0; example < batchSize; example += 1) {
    for (let y = 0; y < outHeight; y += 1) {
      const lines = inside(y * strideHeight - padInfo.top, filterHeight, inHeight);
      for (let x = 0; x < outWidth; x += 1, output += inChannels) {
        const pixels = inside(x * strideWidth - padInfo.left, filterWidth, inWidth);
        const start = ((example * inHeight + lines.first) * inWidth + pixels.first) * inChannels;
        const steps = { lineStep: inWidth * inChannels, pixelStep: inChannels };
        visit({ start, height: lines.size, width: pixels.size, ...steps }, output);
      }
    }
  }
}

function inside(
  start: number,
  size: number,
  limit: number,
): { readonly first: number; readonly size: number } {
  const first = Math.max(0, start);
  return { first, size: Math.min(limit, start + size) - first };
}

function firstMaximum(values: Float32Array, window: Window, channel: number): number {
  let best = window.start + channel;
  for (let line = 0; line < window.height; line += 1) {
    let at = window.start + line * window.lineStep + channel;
    for (let pixel = 0; pixel < window.width; pixel += 1, at += window.pixelStep) {
      if ((values[at] as number) > (values[best] as number)) best = at;
    }
  }
  return best;
}
