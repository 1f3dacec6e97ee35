import type { backend_util } from "@tensorflow/tfjs-core";
import { FedgeError } from "@fedge/protocol";
import type { TfjsCore } from "../runtime.js";

export type ConvGeometry = backend_util.Conv2DInfo;
export type Shape4D = [number, number, number, number];

/** Attributes of tfjs's gradient kernels of convolutions. */
export interface ConvAttributes {
  readonly strides: [number, number] | number;
  readonly dilations?: [number, number] | number;
  readonly pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  readonly dataFormat?: "NHWC" | "NCHW";
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

/** Sizes and padding of the convolution that a gradient is taken of. Throws ENGINE_FAILED for channels first. */
export function convGeometry(
  tf: TfjsCore,
  shapes: { readonly input: Shape4D; readonly filter: Shape4D; readonly isDepthwise: boolean },
  { strides, dilations = 1, pad, dataFormat = "NHWC", dimRoundingMode }: ConvAttributes,
): ConvGeometry {
  if (dataFormat !== "NHWC")
    throw new FedgeError("ENGINE_FAILED", "gradients of convolutions need channels last");
  const { input, filter, isDepthwise } = shapes;
  return tf.backend_util.computeConv2DInfo(
    input,
    filter,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    isDepthwise,
  );
}

/**
 * Outputs along one axis whose input, seen through one tap of the filter, lies inside and not in the padding:
 * from `first` up to, without, `end`. Output o sees input o * stride + offset.
 */
export function outputsInside(sizes: {
  readonly offset: number;
  readonly stride: number;
  readonly inputSize: number;
  readonly outputSize: number;
}): { readonly first: number; readonly end: number } {
  const { offset, stride, inputSize, outputSize } = sizes;
  const first = Math.max(0, Math.ceil(-offset / stride));
  const end = Math.min(outputSize, Math.floor((inputSize - 1 - offset) / stride) + 1);
  return { first, end: Math.max(first, end) };
}
