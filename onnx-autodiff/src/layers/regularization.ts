import type { LayerConverter } from "./conversion.js";

/** Sets numbers to 0 at random in the training form. */
export const dropout: LayerConverter = (conversion, layer, [input = ""]) => {
  const ratio = layer.number("rate");
  if (ratio < 0 || ratio >= 1) throw layer.fail(`rate is ${ratio}; it is from 0 and below 1`);
  if (conversion.form === "inference" || ratio === 0) return [input];
  if (layer.raw("noise_shape") !== undefined && layer.raw("noise_shape") !== null) {
    throw layer.unsupported("its noise_shape has no form that can be trained");
  }
  const isTraining = conversion.graph.constant(1, "bool");
  const apply = (value: string): string =>
    conversion.op("Dropout", [value, conversion.scalar(ratio), isTraining]);
  return [conversion.elementwise(input, apply)];
};

/** Noise that only training sees. */
export const trainingNoise: LayerConverter = (conversion, layer, [input = ""]) => {
  if (conversion.form === "inference") return [input];
  throw layer.unsupported("its noise has no form that can be trained; leave it out or use Dropout");
};

/** What only tells how to read or to punish values. */
export const passThrough: LayerConverter = (_conversion, _layer, [input = ""]) => [input];
