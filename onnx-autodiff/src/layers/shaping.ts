import type { Conversion, LayerConverter } from "./conversion.js";
import type { LayerConfig } from "./layer-config.js";
import { requireChannelsLast } from "./window.js";

export const flatten: LayerConverter = (conversion, layer, [input = ""]) => {
  requireChannelsLast(layer);
  return [conversion.op("Flatten", [input], { axis: 1 })];
};

/** The batch stays; -1, which tfjs writes as null, stands for what is left. */
export const reshape: LayerConverter = (conversion, layer, [input = ""]) => {
  const sizes = layer.list("target_shape").map((size) => (size === null ? -1 : Number(size)));
  if (!sizes.every(Number.isSafeInteger)) throw layer.fail("target_shape holds no sizes");
  if (sizes.some((size) => size === 0 || size < -1)) throw layer.fail("target_shape holds no sizes");
  return [conversion.op("Reshape", [input, conversion.integers([0, ...sizes])])];
};

/** Axes count from 1: the batch is none of them. */
export const permute: LayerConverter = (conversion, layer, [input = ""]) => {
  const dims = layer.integers("dims");
  const isPermutation = [...dims].sort((a, b) => a - b).every((axis, at) => axis === at + 1);
  if (!isPermutation || dims.length !== conversion.rankOf(input) - 1)
    throw layer.fail("dims is no order of its axes");
  return [conversion.transpose(input, [0, ...dims])];
};

/** [N, C] to [N, n, C]. */
export const repeatVector: LayerConverter = (conversion, layer, [input = ""]) => {
  const row = conversion.op("Unsqueeze", [input, conversion.integers([1])]);
  return [conversion.op("Tile", [row, conversion.integers([1, layer.size("n"), 1])])];
};

export const zeroPadding: LayerConverter = (conversion, layer, [input = ""]) => {
  requireChannelsLast(layer);
  const [rows, columns] = edges(layer, "padding");
  const pads = [0, rows[0], columns[0], 0, 0, rows[1], columns[1], 0];
  return [conversion.op("Pad", [input, conversion.integers(pads)])];
};

export const cropping: LayerConverter = (conversion, layer, [input = ""]) => {
  requireChannelsLast(layer);
  const [rows, columns] = edges(layer, "cropping");
  const end = (size: number): number => (size === 0 ? 2 ** 31 - 1 : -size);
  const bounds = [
    [rows[0], columns[0]],
    [end(rows[1]), end(columns[1])],
    [1, 2],
  ];
  return [conversion.op("Slice", [input, ...bounds.map((values) => conversion.integers(values))])];
};

/** Each number becomes a block of its copies. */
export const upSampling: LayerConverter = (conversion, layer, [input = ""]) => {
  requireChannelsLast(layer);
  const interpolation = layer.optionalText("interpolation") ?? "nearest";
  if (interpolation !== "nearest")
    throw layer.unsupported(`its interpolation is "${interpolation}"; use nearest`);
  const [rows = 2, columns = 2] = layer.sizes("size", 2, 2);
  const [, height, width, channels] = conversion.shapeOf(input);
  if (typeof height !== "number" || typeof width !== "number" || typeof channels !== "number") {
    throw layer.fail("the size of an axis that it repeats is not known");
  }
  const apart = conversion.op("Reshape", [input, conversion.integers([0, height, 1, width, 1, channels])]);
  const tiled = conversion.op("Tile", [apart, conversion.integers([1, 1, rows, 1, columns, 1])]);
  const shape = [0, height * rows, width * columns, channels];
  return [conversion.op("Reshape", [tiled, conversion.integers(shape)])];
};

/** x * scale + offset. */
export const rescaling: LayerConverter = (conversion, layer, [input = ""]) => {
  const scaled = conversion.op("Mul", [input, conversion.scalar(layer.number("scale"))]);
  const offset = layer.number("offset", 0);
  return [offset === 0 ? scaled : conversion.op("Add", [scaled, conversion.scalar(offset)])];
};

/** x where it is above theta, else 0. */
export const thresholdedRelu: LayerConverter = (conversion, layer, [input = ""]) => {
  const theta = layer.number("theta", 1);
  return [conversion.elementwise(input, (value) => thresholded(conversion, value, theta))];
};

function thresholded({ graph }: Conversion, value: string, theta: number): string {
  const isAbove = graph.op("Greater", [value, graph.constant(theta, "float32")]);
  return graph.op("Where", [isAbove, value, graph.constant(0, "float32")]);
}

type Edge = readonly [number, number];

/** [[top, bottom], [left, right]], from one number, two, or two pairs. */
function edges(layer: LayerConfig, key: string): readonly [Edge, Edge] {
  const value = layer.raw(key) ?? 1;
  const pairs = Array.isArray(value) ? value.map(edge) : [edge(value), edge(value)];
  const [rows, columns] = pairs;
  const isSize = (size: unknown): boolean =>
    Number.isSafeInteger(size) && Number(size) >= 0 && Number(size) < 2 ** 20;
  if (
    pairs.length !== 2 ||
    rows === undefined ||
    columns === undefined ||
    ![...rows, ...columns].every(isSize)
  ) {
    throw layer.fail(`${key} holds no sizes`);
  }
  return [rows, columns];
}

function edge(value: unknown): Edge {
  return Array.isArray(value) && value.length === 2
    ? (value as unknown as Edge)
    : [value as number, value as number];
}
