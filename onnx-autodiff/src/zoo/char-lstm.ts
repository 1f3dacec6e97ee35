import { createGraphBuilder, type ModelBuilder } from "../builder/create-graph-builder.js";
import { checkSizes } from "./sizes.js";
import { createUniform, glorotUniform, uniformTensor, zeros } from "./weights.js";

/** Sizes and seed of the character model. */
export interface CharLstmOptions {
  /** Number of symbols; 258 by default: every byte, a beginning and a padding. */
  readonly vocabulary?: number;
  /** Characters that are read; 80 by default. */
  readonly steps?: number;
  /** Numbers per embedded character; 8 by default. */
  readonly embedding?: number;
  /** Units of each of the two layers; 256 by default. */
  readonly hidden?: number;
  /** Of the initial weights; 1 by default. */
  readonly seed?: number;
}

/** Bias of the forget gate at the beginning, so that the state is kept: Jozefowicz et al. 2015, section 2.2. */
const FORGET_BIAS = 1;

/**
 * The character model of the FedAvg paper for Shakespeare: an embedding, two LSTM layers with peepholes, and logits
 * for the next character after each one. `input` [N, steps] int64 to `logits` [N, steps, vocabulary].
 *
 * Parameters: `embedding`, then `lstm1.weight`, `lstm1.recurrence`, `lstm1.bias`, `lstm1.peepholes` in the form of the
 * ONNX operator, `lstm2.…`, `output.weight` [hidden, vocabulary], `output.bias`; 866,578 numbers by default.
 * Source: McMahan et al. 2017, section 3.
 */
export function charLstm(options: CharLstmOptions = {}): Uint8Array<ArrayBuffer> {
  const { vocabulary = 258, steps = 80, embedding = 8, hidden = 256, seed = 1 } = options;
  checkSizes({ vocabulary, steps, embedding, hidden });
  const uniform = createUniform(seed);
  const builder = createGraphBuilder({ name: "char-lstm" });
  const characters = builder.input("input", "int64", ["N", steps]);
  const table = builder.initializer("embedding", uniformTensor([vocabulary, embedding], 0.05, uniform));
  const inputs = builder.op("Gather", [table, builder.op("Transpose", [characters], { perm: [1, 0] })]);
  const first = layer(builder, { name: "lstm1", inputs, sizes: [embedding, hidden], uniform });
  const second = layer(builder, { name: "lstm2", inputs: first, sizes: [hidden, hidden], uniform });
  const weight = builder.initializer("output.weight", glorotUniform(hidden, vocabulary, uniform));
  const bias = builder.initializer("output.bias", zeros([vocabulary]));
  const logits = builder.op("Add", [builder.op("MatMul", [second, weight]), bias]);
  builder.output("logits", builder.op("Transpose", [logits], { perm: [1, 0, 2] }));
  return builder.build();
}

/** All states of one layer, [steps, N, hidden]. */
function layer(
  builder: ModelBuilder,
  of: {
    readonly name: string;
    readonly inputs: string;
    readonly sizes: readonly [number, number];
    readonly uniform: () => number;
  },
): string {
  const { name, uniform } = of;
  const [features, hidden] = of.sizes;
  const draw = (shape: readonly number[]): ReturnType<typeof uniformTensor> =>
    uniformTensor(shape, 1 / Math.sqrt(hidden), uniform);
  const weight = builder.initializer(`${name}.weight`, draw([1, 4 * hidden, features]));
  const recurrence = builder.initializer(`${name}.recurrence`, draw([1, 4 * hidden, hidden]));
  // The operator has two biases, which add up; one is enough.
  const none = builder.op("Constant", [], { value: { tensor: zeros([1, 4 * hidden]) } });
  const bias = builder.initializer(`${name}.bias`, forgetBias(hidden));
  const peepholes = builder.initializer(`${name}.peepholes`, zeros([1, 3 * hidden]));
  const both = builder.op("Concat", [bias, none], { axis: 1 });
  const inputs = [of.inputs, weight, recurrence, both, "", "", "", peepholes];
  const states = builder.ops("LSTM", inputs, { hidden_size: hidden }, 3)[0] ?? "";
  return builder.op("Squeeze", [states, builder.op("Constant", [], { value_ints: [1] })]);
}

/** Zeros, and ones at the forget gate, which is the third of four. */
function forgetBias(hidden: number): ReturnType<typeof zeros> {
  const bias = zeros([1, 4 * hidden]);
  (bias.data as Float32Array).fill(FORGET_BIAS, 2 * hidden, 3 * hidden);
  return bias;
}
