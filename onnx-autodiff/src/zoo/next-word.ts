import { createGraphBuilder, type ModelBuilder } from "../builder/create-graph-builder.js";
import { checkSizes } from "./sizes.js";
import { createUniform, glorotUniform, uniformTensor, zeros } from "./weights.js";

/** Sizes and seed of a recurrent next-word model. */
export interface NextWordOptions {
  /** Number of words; 2,000 by default. */
  readonly vocabulary?: number;
  /** Words of context; 10 by default. */
  readonly steps?: number;
  /** Numbers per embedded word; 48 by default. */
  readonly embedding?: number;
  /** Units of the recurrent layer; 96 by default. */
  readonly hidden?: number;
  /** Of the initial weights; 1 by default. */
  readonly seed?: number;
}

/** Gates of each cell. */
const NUM_GATES = { GRU: 3, LSTM: 4 } as const;

/**
 * A next-word model in the manner of GBoard's: an embedding, one GRU, and logits after the last word. `tokens`
 * [N, steps] int64 to `logits` [N, vocabulary].
 *
 * Parameters: `embedding` [vocabulary, embedding], `gru.weight`, `gru.recurrence`, `gru.bias` in the form of the ONNX
 * operator with `linear_before_reset` 1, `output.weight` [hidden, vocabulary], `output.bias`; 332,048 numbers by
 * default. Source: Hard et al. 2018, section 3, with a GRU in the place of the CIFG.
 */
export function gru(options: NextWordOptions = {}): Uint8Array<ArrayBuffer> {
  return nextWord("GRU", options);
}

/** As `gru`, with an LSTM: `lstm.weight`, `lstm.recurrence`, `lstm.bias`; 346,064 numbers by default. */
export function lstm(options: NextWordOptions = {}): Uint8Array<ArrayBuffer> {
  return nextWord("LSTM", options);
}

function nextWord(cell: "GRU" | "LSTM", options: NextWordOptions): Uint8Array<ArrayBuffer> {
  const { vocabulary = 2000, steps = 10, embedding = 48, hidden = 96, seed = 1 } = options;
  checkSizes({ vocabulary, steps, embedding, hidden });
  const uniform = createUniform(seed);
  const name = cell.toLowerCase();
  const builder = createGraphBuilder({ name });
  const words = builder.input("tokens", "int64", ["N", steps]);
  const table = builder.initializer("embedding", uniformTensor([vocabulary, embedding], 0.05, uniform));
  // Steps first: the recurrent operators want it so, and the indices are smaller than what they pick.
  const inputs = builder.op("Gather", [table, builder.op("Transpose", [words], { perm: [1, 0] })]);
  const state = recurrent(builder, { cell, name, inputs, sizes: [embedding, hidden], uniform });
  const weight = builder.initializer("output.weight", glorotUniform(hidden, vocabulary, uniform));
  const bias = builder.initializer("output.bias", zeros([vocabulary]));
  builder.output("logits", builder.op("Gemm", [state, weight, bias]));
  return builder.build();
}

/** State after the last step, [N, hidden]. Weights start uniform in 1 / sqrt(hidden), as in PyTorch. */
function recurrent(
  builder: ModelBuilder,
  layer: {
    readonly cell: "GRU" | "LSTM";
    readonly name: string;
    readonly inputs: string;
    readonly sizes: readonly [number, number];
    readonly uniform: () => number;
  },
): string {
  const { cell, name, uniform } = layer;
  const [embedding, hidden] = layer.sizes;
  const gates = NUM_GATES[cell];
  const draw = (shape: readonly number[]): ReturnType<typeof uniformTensor> =>
    uniformTensor(shape, 1 / Math.sqrt(hidden), uniform);
  const weights = [
    builder.initializer(`${name}.weight`, draw([1, gates * hidden, embedding])),
    builder.initializer(`${name}.recurrence`, draw([1, gates * hidden, hidden])),
    builder.initializer(`${name}.bias`, draw([1, 2 * gates * hidden])),
  ];
  const attributes = { hidden_size: hidden, ...(cell === "GRU" ? { linear_before_reset: 1 } : {}) };
  const outputs = builder.ops(cell, [layer.inputs, ...weights], attributes, cell === "GRU" ? 2 : 3);
  return builder.op("Squeeze", [outputs[1] ?? "", builder.op("Constant", [], { value_ints: [0] })]);
}
