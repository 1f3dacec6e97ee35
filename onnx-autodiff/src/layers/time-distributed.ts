import type { LayerConverter } from "./conversion.js";

/** Layers that treat every step alike by themselves. */
const BY_NATURE: readonly string[] = [
  "Dense",
  "Activation",
  "ReLU",
  "LeakyReLU",
  "ELU",
  "Softmax",
  "Dropout",
];

/** Applies the wrapped layer, whose weights have the wrapper's name, to each step of [N, T, …]. */
export function timeDistributed(convertLayer: LayerConverter): LayerConverter {
  return (conversion, layer, [input = ""]) => {
    const inner = layer.wrapped();
    const copy = inner.renamed(layer.name);
    if (BY_NATURE.includes(inner.className)) return convertLayer(conversion, copy, [input]);
    const [, steps, ...rest] = conversion.shapeOf(input);
    if (typeof steps !== "number" || rest.includes(null))
      throw layer.fail("the number of its steps is not known");
    const merge = (sizes: readonly number[], value: string): string =>
      conversion.op("Reshape", [value, conversion.integers(sizes)]);
    const [output = ""] = convertLayer(conversion, copy, [merge([-1, ...(rest as number[])], input)]);
    const after = conversion.shapeOf(output).slice(1);
    if (after.includes(null)) throw layer.fail("the size of its output is not known");
    return [merge([-1, steps, ...(after as number[])], output)];
  };
}
