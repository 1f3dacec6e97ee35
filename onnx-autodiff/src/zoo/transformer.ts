import { createGraphBuilder, type ModelBuilder } from "../builder/create-graph-builder.js";
import { float } from "../onnx/attributes.js";
import type { Tensor } from "../onnx/tensor.js";
import { checkSizes } from "./sizes.js";
import { createUniform, glorotUniform, uniformTensor, zeros } from "./weights.js";

/** Sizes and seed of a small transformer. */
export interface TransformerOptions {
  /** Number of words; 2,000 by default. */
  readonly vocabulary?: number;
  /** Words of context; 10 by default. */
  readonly steps?: number;
  /** Numbers per word, a multiple of `heads`; 64 by default. */
  readonly width?: number;
  /** Attention heads of each layer; 4 by default. */
  readonly heads?: number;
  /** 2 by default. */
  readonly layers?: number;
  /** Of the initial weights; 1 by default. */
  readonly seed?: number;
}

interface Sizes {
  readonly steps: number;
  readonly width: number;
  readonly heads: number;
}

/** Added to the scores of words that come later: large enough for a probability of 0, small enough for float32. */
const MASKED = -1e9;

/**
 * A next-word transformer: learned positions, layers of causal attention and a ReLU network twice as wide as the
 * words, each normalized before it and added to what it read. `tokens` [N, steps] int64 to `logits` [N, vocabulary]
 * for the word after the last.
 *
 * Parameters: `embedding`, `positions`, per layer `layer1.norm1.scale`, `layer1.query` and so on, `norm.…`,
 * `output.weight`, `output.bias`; 325,200 numbers by default. Sources: Vaswani et al. 2017; Xiong et al. 2020 for the
 * place of the normalization.
 */
export function transformer(options: TransformerOptions = {}): Uint8Array<ArrayBuffer> {
  const { vocabulary = 2000, steps = 10, width = 64, heads = 4, layers = 2, seed = 1 } = options;
  checkSizes({ vocabulary, steps, width, heads, layers, "width / heads": width / heads });
  const uniform = createUniform(seed);
  const builder = createGraphBuilder({ name: "transformer" });
  const words = builder.input("tokens", "int64", ["N", steps]);
  const table = builder.initializer("embedding", uniformTensor([vocabulary, width], 0.05, uniform));
  const positions = builder.initializer("positions", uniformTensor([steps, width], 0.05, uniform));
  const embedded = builder.op("Add", [builder.op("Gather", [table, words]), positions]);
  const sizes = { steps, width, heads };
  const last = Array.from({ length: layers }, (_, index) => `layer${index + 1}`).reduce(
    (value, name) => layer(builder, { value, name, sizes, uniform }),
    embedded,
  );
  const end = builder.op("Gather", [last, builder.op("Constant", [], { value_int: steps - 1 })], { axis: 1 });
  const weight = builder.initializer("output.weight", glorotUniform(width, vocabulary, uniform));
  const bias = builder.initializer("output.bias", zeros([vocabulary]));
  builder.output("logits", builder.op("Gemm", [normalized(builder, end, "norm", width), weight, bias]));
  return builder.build();
}

interface LayerRequest {
  /** [N, steps, width]. */
  readonly value: string;
  readonly name: string;
  readonly sizes: Sizes;
  readonly uniform: () => number;
}

function layer(builder: ModelBuilder, request: LayerRequest): string {
  const { value, name, sizes, uniform } = request;
  const { width } = sizes;
  const attended = attention(builder, {
    ...request,
    value: normalized(builder, value, `${name}.norm1`, width),
  });
  const sum = builder.op("Add", [value, attended]);
  const dense = (input: string, part: string, [from, to]: readonly [number, number]): string => {
    const weight = builder.initializer(`${name}.${part}.weight`, glorotUniform(from, to, uniform));
    const bias = builder.initializer(`${name}.${part}.bias`, zeros([to]));
    return builder.op("Add", [builder.op("MatMul", [input, weight]), bias]);
  };
  const read = normalized(builder, sum, `${name}.norm2`, width);
  const units = builder.op("Relu", [dense(read, "hidden", [width, 2 * width])]);
  return builder.op("Add", [sum, dense(units, "output", [2 * width, width])]);
}

/** softmax(q k' / sqrt(d) + mask) v for every head, and a last product. */
function attention(builder: ModelBuilder, { value, name, sizes, uniform }: LayerRequest): string {
  const { steps, width, heads } = sizes;
  const ints = (values: readonly number[]): string => builder.op("Constant", [], { value_ints: values });
  const weight = (part: string): string =>
    builder.initializer(`${name}.${part}`, glorotUniform(width, width, uniform));
  const split = (part: string, perm: readonly number[]): string => {
    const projected = builder.op("MatMul", [value, weight(part)]);
    const apart = builder.op("Reshape", [projected, ints([-1, steps, heads, width / heads])]);
    return builder.op("Transpose", [apart], { perm });
  };
  const [query, key, content] = [
    split("query", [0, 2, 1, 3]),
    split("key", [0, 2, 3, 1]),
    split("value", [0, 2, 1, 3]),
  ];
  const scale = builder.op("Constant", [], { value_float: float(1 / Math.sqrt(width / heads)) });
  const scores = builder.op("Mul", [builder.op("MatMul", [query, key]), scale]);
  const mask = builder.op("Constant", [], { value: { tensor: causalMask(steps) } });
  const shares = builder.op("Softmax", [builder.op("Add", [scores, mask])], { axis: -1 });
  const mixed = builder.op("Transpose", [builder.op("MatMul", [shares, content])], { perm: [0, 2, 1, 3] });
  const joined = builder.op("Reshape", [mixed, ints([-1, steps, width])]);
  return builder.op("MatMul", [joined, weight("mix")]);
}

function normalized(builder: ModelBuilder, value: string, name: string, width: number): string {
  const ones = { ...zeros([width]), data: new Float32Array(width).fill(1) };
  const scale = builder.initializer(`${name}.scale`, ones);
  const bias = builder.initializer(`${name}.bias`, zeros([width]));
  return builder.op("LayerNormalization", [value, scale, bias], { axis: -1 });
}

/** [steps, steps]: 0 where a word may look, on itself and what came before. */
function causalMask(steps: number): Tensor {
  const data = Float32Array.from({ length: steps * steps }, (_, index) =>
    index % steps > Math.floor(index / steps) ? MASKED : 0,
  );
  return { elementType: "float32", shape: [steps, steps], data };
}
