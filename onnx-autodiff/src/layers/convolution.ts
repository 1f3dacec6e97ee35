import type { Attributes } from "../onnx/attributes.js";
import { activate } from "./activations.js";
import type { Conversion, LayerConverter } from "./conversion.js";
import type { LayerConfig } from "./layer-config.js";
import { requireChannelsLast, samePads, type Window } from "./window.js";

/** A convolution over `rank` spatial axes; tfjs keeps the kernel as [...window, in, out]. */
export function convolution(rank: 1 | 2): LayerConverter {
  return (conversion, layer, [input = ""]) => {
    requireChannelsLast(layer);
    const window = windowOf(layer, rank);
    const [channels, filters] = [conversion.channelsOf(layer, input), layer.size("filters")];
    if (layer.number("groups", 1) !== 1) throw layer.unsupported("its groups are not 1");
    const kernel = conversion.weights.get(layer, "kernel", [...window.sizes, channels, filters]);
    const turned = conversion.transpose(kernel, outputsFirst(rank));
    const result = convolve(conversion, layer, { input, window, kernel: turned, channels: filters });
    return [activate(conversion, layer, result)];
  };
}

/** Each channel with its own kernels; tfjs keeps them as [...window, in, multiplier]. */
export const depthwiseConvolution: LayerConverter = (conversion, layer, [input = ""]) => {
  requireChannelsLast(layer);
  const window = windowOf(layer, 2);
  const channels = conversion.channelsOf(layer, input);
  const multiplier = layer.size("depth_multiplier", 1);
  const weight = conversion.weights.get(layer, "depthwise_kernel", [...window.sizes, channels, multiplier]);
  const kernel = perChannelKernel(conversion, weight, channels * multiplier, window);
  const result = convolve(conversion, layer, {
    ...{ input, window, kernel, channels: channels * multiplier },
    groups: channels,
  });
  return [activate(conversion, layer, result)];
};

/** A depthwise convolution, then one of size 1 over the channels that it gave. */
export const separableConvolution: LayerConverter = (conversion, layer, [input = ""]) => {
  requireChannelsLast(layer);
  const window = windowOf(layer, 2);
  const [channels, filters] = [conversion.channelsOf(layer, input), layer.size("filters")];
  const multiplier = separableMultiplier(layer);
  const weight = conversion.weights.get(layer, "depthwise_kernel", [...window.sizes, channels, multiplier]);
  const kernel = perChannelKernel(conversion, weight, channels * multiplier, window);
  const attributes = windowAttributes(conversion, input, window);
  const source = conversion.channelsFirst(input);
  const deep = conversion.op("Conv", [source, kernel], { ...attributes, group: channels });
  const point = conversion.weights.get(layer, "pointwise_kernel", [1, 1, channels * multiplier, filters]);
  const inputs = [deep, conversion.transpose(point, outputsFirst(2)), ...biasOf(conversion, layer, filters)];
  return [activate(conversion, layer, conversion.channelsLast(conversion.op("Conv", inputs)))];
};

/** The gradient of a convolution as a layer; tfjs keeps the kernel as [...window, out, in]. */
export const transposedConvolution: LayerConverter = (conversion, layer, [input = ""]) => {
  requireChannelsLast(layer);
  const window = windowOf(layer, 2);
  const [channels, filters] = [conversion.channelsOf(layer, input), layer.size("filters")];
  if (window.dilations.some((dilation) => dilation !== 1))
    throw layer.unsupported("its dilation_rate is not 1");
  const kernel = conversion.weights.get(layer, "kernel", [...window.sizes, filters, channels]);
  const surplus = window.sizes.map((size, axis) => size - (window.strides[axis] ?? 1));
  const cut = surplus.map((size) => (window.isSame ? Math.max(size, 0) : 0));
  const attributes: Attributes = {
    strides: window.strides,
    pads: [...cut.map((size) => Math.floor(size / 2)), ...cut.map((size) => Math.ceil(size / 2))],
    output_padding: surplus.map((size) => Math.max(-size, 0)),
  };
  const source = conversion.channelsFirst(input);
  const inputs = [
    source,
    conversion.transpose(kernel, outputsFirst(2)),
    ...biasOf(conversion, layer, filters),
  ];
  return [
    activate(conversion, layer, conversion.channelsLast(conversion.op("ConvTranspose", inputs, attributes))),
  ];
};

interface Convolving {
  readonly input: string;
  readonly window: Window;
  /** In ONNX's layout: [out, in / groups, ...window]. */
  readonly kernel: string;
  /** Of the result. */
  readonly channels: number;
  readonly groups?: number;
}

function convolve(conversion: Conversion, layer: LayerConfig, of: Convolving): string {
  const attributes = windowAttributes(conversion, of.input, of.window);
  const source = conversion.channelsFirst(of.input);
  const inputs = [source, of.kernel, ...biasOf(conversion, layer, of.channels)];
  return conversion.channelsLast(conversion.op("Conv", inputs, { ...attributes, group: of.groups ?? 1 }));
}

function windowAttributes(conversion: Conversion, input: string, window: Window): Attributes {
  const { strides, dilations } = window;
  return { strides, dilations, ...samePads(conversion.shapeOf(input).slice(1, -1), window) };
}

function windowOf(layer: LayerConfig, rank: number): Window {
  return {
    sizes: layer.sizes("kernel_size", rank),
    strides: layer.sizes("strides", rank, 1),
    dilations: layer.sizes("dilation_rate", rank, 1),
    isSame: isSame(layer),
  };
}

function isSame(layer: LayerConfig): boolean {
  const padding = layer.optionalText("padding") ?? "valid";
  if (padding !== "same" && padding !== "valid") throw layer.unsupported(`its padding "${padding}"`);
  return padding === "same";
}

/** [...window, in, out] to [out, in, ...window]. */
function outputsFirst(rank: number): readonly number[] {
  return [rank + 1, rank, ...Array.from({ length: rank }, (_, axis) => axis)];
}

/** [...window, in, multiplier] to [in * multiplier, 1, ...window]: a channel's own outputs are neighbours. */
function perChannelKernel(
  conversion: Conversion,
  weight: string,
  outputs: number,
  { sizes }: Window,
): string {
  const turned = conversion.transpose(weight, [2, 3, 0, 1]);
  return conversion.op("Reshape", [turned, conversion.integers([outputs, 1, ...sizes])]);
}

function biasOf(conversion: Conversion, layer: LayerConfig, channels: number): string[] {
  return layer.flag("use_bias", true) ? [conversion.weights.get(layer, "bias", [channels])] : [];
}

/** tfjs leaves it out of the topologies that it writes, and then builds the layer with 1. */
function separableMultiplier(layer: LayerConfig): number {
  return layer.raw("depth_multiplier") === null ? 1 : layer.size("depth_multiplier", 1);
}
