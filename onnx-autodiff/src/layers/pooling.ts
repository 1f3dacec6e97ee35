import { reduce } from "../builder/reductions.js";
import type { LayerConverter } from "./conversion.js";
import { requireChannelsLast, samePads } from "./window.js";

/** The largest or the mean of each window; what lies beyond the edge counts for neither. */
export function pooling(type: "MaxPool" | "AveragePool", rank: 1 | 2): LayerConverter {
  return (conversion, layer, [input = ""]) => {
    requireChannelsLast(layer);
    const sizes = layer.sizes("pool_size", rank, 2);
    const strides = layer.raw("strides") === null ? sizes : layer.sizes("strides", rank);
    const padding = layer.optionalText("padding") ?? "valid";
    const window = { sizes, strides, dilations: sizes.map(() => 1), isSame: padding === "same" };
    const pads = samePads(conversion.shapeOf(input).slice(1, -1), window);
    const attributes = { kernel_shape: sizes, strides, ...pads };
    return [conversion.channelsLast(conversion.op(type, [conversion.channelsFirst(input)], attributes))];
  };
}

/** One number for each channel. */
export function globalPooling(type: "ReduceMax" | "ReduceMean", rank: 1 | 2): LayerConverter {
  return ({ graph }, layer, [input = ""]) => {
    requireChannelsLast(layer);
    const axes = rank === 1 ? [1] : [1, 2];
    return [reduce(graph, type, input, { axes, keepDims: layer.flag("keepdims") })];
  };
}
