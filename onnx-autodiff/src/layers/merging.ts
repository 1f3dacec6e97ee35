import type { Conversion, LayerConverter } from "./conversion.js";

/** An operation of two values, over all inputs in turn. */
export function merging(type: "Add" | "Mul" | "Max" | "Min"): LayerConverter {
  return (conversion, layer, inputs) => {
    if (inputs.length < 2) throw layer.fail(`it has ${inputs.length} inputs; at least 2 are needed`);
    return [folded(conversion, type, inputs)];
  };
}

export const average: LayerConverter = (conversion, layer, inputs) => {
  if (inputs.length < 2) throw layer.fail(`it has ${inputs.length} inputs; at least 2 are needed`);
  const sum = folded(conversion, "Add", inputs);
  return [conversion.op("Mul", [sum, conversion.scalar(1 / inputs.length)])];
};

export const concatenate: LayerConverter = (conversion, layer, inputs) => [
  conversion.op("Concat", inputs, { axis: layer.number("axis", -1) }),
];

/** Products of rows, [N, C] and [N, C] to [N, 1]. */
export const dot: LayerConverter = (conversion, layer, inputs) => {
  const ranks = inputs.map((input) => conversion.rankOf(input));
  const axes = layer.integers("axes");
  const isOfRows =
    ranks.length === 2 &&
    ranks.every((rank) => rank === 2) &&
    axes.every((axis) => axis === 1 || axis === -1);
  if (!isOfRows || layer.flag("normalize")) {
    throw layer.unsupported("only products of two [N, C] over the last axis, not normalized, are supported");
  }
  const product = conversion.op("Mul", inputs);
  return [conversion.op("ReduceSum", [product, conversion.integers([1])], { keepdims: 1 })];
};

function folded({ graph }: Conversion, type: string, inputs: readonly string[]): string {
  return inputs.reduce((sum, input) => graph.op(type, [sum, input]));
}
