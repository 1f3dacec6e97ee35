import { float } from "../onnx/attributes.js";
import type { Conversion, LayerConverter } from "./conversion.js";
import type { LayerConfig } from "./layer-config.js";

/**
 * Normalizes each channel. In the training form by the batch's own statistics, which the moving ones follow as
 * moving * momentum + batch * (1 - momentum); in the inference form by the moving ones.
 */
export const batchNormalization: LayerConverter = (conversion, layer, [input = ""]) => {
  requireLastAxis(conversion, layer, input);
  const channels = conversion.channelsOf(layer, input);
  const weight = (part: string, isTrained = true): string =>
    conversion.weights.get(layer, part, [channels], isTrained);
  const scale = layer.flag("scale", true) ? weight("gamma") : filled(conversion, channels, 1);
  const offset = layer.flag("center", true) ? weight("beta") : filled(conversion, channels, 0);
  const statistics = [weight("moving_mean", false), weight("moving_variance", false)];
  const inputs = [conversion.channelsFirst(input), scale, offset, ...statistics];
  const epsilon = float(layer.number("epsilon", 1e-3));
  // A frozen layer answers in training as it does afterwards (Keras 2).
  const isTrained = conversion.form === "training" && layer.flag("trainable", true);
  if (!isTrained) return [conversion.channelsLast(conversion.op("BatchNormalization", inputs, { epsilon }))];
  const attributes = { epsilon, momentum: float(layer.number("momentum", 0.99)), training_mode: 1 };
  const [output = ""] = conversion.graph.ops("BatchNormalization", inputs, attributes, 3);
  return [conversion.channelsLast(output)];
};

/** Normalizes each example over the last axes. */
export const layerNormalization: LayerConverter = (conversion, layer, [input = ""]) => {
  const rank = conversion.rankOf(input);
  const axes = layer.raw("axis") === undefined ? [-1] : layer.integers("axis");
  const first = rank - axes.length;
  const isTrailing = axes
    .map((axis) => (axis < 0 ? axis + rank : axis))
    .every((axis, at) => axis === first + at);
  if (!isTrailing)
    throw layer.unsupported(`it normalizes over axis ${axes.join(", ")}; only the last ones are supported`);
  const shape = conversion.shapeOf(input).slice(first);
  if (shape.includes(null)) throw layer.fail("the size of an axis that it normalizes is not known");
  const sizes = shape as number[];
  const scale = layer.flag("scale", true) ? conversion.weights.get(layer, "gamma", sizes) : filledShape(1);
  const offset = layer.flag("center", true) ? conversion.weights.get(layer, "beta", sizes) : filledShape(0);
  const attributes = { axis: -axes.length, epsilon: float(layer.number("epsilon", 1e-3)) };
  return [conversion.op("LayerNormalization", [input, scale, offset], attributes)];

  function filledShape(value: number): string {
    const flat = filled(
      conversion,
      sizes.reduce((product, size) => product * size, 1),
      value,
    );
    return sizes.length === 1 ? flat : conversion.op("Reshape", [flat, conversion.integers(sizes)]);
  }
};

function requireLastAxis(conversion: Conversion, layer: LayerConfig, input: string): void {
  const axis = layer.raw("axis") === undefined ? [-1] : layer.integers("axis");
  if (axis.length === 1 && (axis[0] === -1 || axis[0] === conversion.rankOf(input) - 1)) return;
  throw layer.unsupported(`it normalizes over axis ${axis.join(", ")}; only the last one is supported`);
}

function filled({ graph }: Conversion, length: number, value: number): string {
  return graph.constant(
    Array.from({ length }, () => value),
    "float32",
  );
}
