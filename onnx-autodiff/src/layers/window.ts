import type { Attributes } from "../onnx/attributes.js";
import type { LayerConfig } from "./layer-config.js";

/** What a convolution or pooling moves over the spatial axes. */
export interface Window {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padded so that ceil(size / stride) results come out, the odd one at the end. */
  readonly isSame: boolean;
}

/** Throws `ONNX_UNSUPPORTED_OPERATOR` for the layout that tfjs has on some backends only. */
export function requireChannelsLast(layer: LayerConfig): void {
  const format = layer.optionalText("data_format") ?? "channels_last";
  if (format !== "channels_last")
    throw layer.unsupported(`its data_format is "${format}"; use channels_last`);
}

/**
 * The padding of a window over axes of these sizes, null where the caller chooses. Source: "SAME" in TensorFlow's
 * tf.nn.convolution.
 */
export function samePads(axes: readonly (number | null)[], window: Window): Attributes {
  if (!window.isSame) return {};
  const totals = axes.map((size, axis) => totalPad(size, window, axis));
  if (totals.includes(undefined)) return { auto_pad: "SAME_UPPER" };
  const known = totals as number[];
  return {
    pads: [...known.map((total) => Math.floor(total / 2)), ...known.map((total) => Math.ceil(total / 2))],
  };
}

function totalPad(
  size: number | null,
  { sizes, strides, dilations }: Window,
  axis: number,
): number | undefined {
  const [stride, reach] = [strides[axis] ?? 1, ((sizes[axis] ?? 1) - 1) * (dilations[axis] ?? 1) + 1];
  // Whatever the size, a step of 1 needs the same.
  if (stride === 1) return reach - 1;
  return size === null ? undefined : Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0);
}
