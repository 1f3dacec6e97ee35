import type { Attributes } from "../onnx/attributes.js";
import { HARD_SIGMOID, activationOf } from "./activations.js";
import type { Conversion, LayerConverter } from "./conversion.js";
import type { LayerConfig } from "./layer-config.js";

/** A recurrent cell: tfjs's gates in the order in which ONNX has them. */
interface Cell {
  readonly type: "RNN" | "GRU" | "LSTM";
  readonly gates: readonly number[];
  /** Fields with the activations, and what tfjs takes where they are missing, in ONNX's order. */
  readonly activations: readonly (readonly [key: string, fallback: string])[];
}

const GATES = ["recurrent_activation", "hard_sigmoid"] as const;
const CANDIDATE = ["activation", "tanh"] as const;

/** tfjs: i, f, c, o. ONNX: i, o, f, c. The other two agree: one; z, r, h. */
const CELLS = {
  RNN: { type: "RNN", gates: [0], activations: [CANDIDATE] },
  GRU: { type: "GRU", gates: [0, 1, 2], activations: [GATES, CANDIDATE] },
  LSTM: { type: "LSTM", gates: [0, 3, 1, 2], activations: [GATES, CANDIDATE, CANDIDATE] },
} as const satisfies Record<string, Cell>;

/** A layer over the steps of [N, T, C]. */
export function recurrent(type: keyof typeof CELLS): LayerConverter {
  return (conversion, layer, inputs) => {
    const isReversed = layer.flag("go_backwards");
    const { states, last } = run(conversion, layer, { cell: CELLS[type], inputs, isReversed });
    if (!layer.flag("return_sequences")) return [last];
    // tfjs gives the states in the order in which it went.
    return [isReversed ? reversed(conversion, states) : states];
  };
}

const CELL_OF: Readonly<Record<string, Cell>> = { SimpleRNN: CELLS.RNN, GRU: CELLS.GRU, LSTM: CELLS.LSTM };

/** The layer in both directions; its copies have the prefixes that tfjs gives them. */
export const bidirectional: LayerConverter = (conversion, layer, inputs) => {
  const inner = layer.wrapped();
  const cell = CELL_OF[inner.className];
  if (cell === undefined) throw layer.unsupported(`it wraps a ${inner.className}`);
  if (inner.flag("go_backwards")) throw layer.unsupported("the layer that it wraps goes backwards");
  const passes = ["forward", "backward"].map((prefix, at) => {
    const copy = inner.renamed(`${layer.name}/${prefix}_${inner.name}`);
    const { states, last } = run(conversion, copy, { cell, inputs, isReversed: at === 1 });
    return inner.flag("return_sequences") ? states : last;
  });
  return merged(conversion, layer, passes);
};

function merged(conversion: Conversion, layer: LayerConfig, passes: readonly string[]): readonly string[] {
  const mode = layer.raw("merge_mode");
  switch (mode) {
    case null:
      return passes;
    case "sum":
      return [conversion.op("Add", passes)];
    case "mul":
      return [conversion.op("Mul", passes)];
    case "ave":
      return [conversion.op("Mul", [conversion.op("Add", passes), conversion.scalar(0.5)])];
    case undefined:
    case "concat":
      return [conversion.op("Concat", passes, { axis: -1 })];
    default:
      throw layer.fail(`merge_mode "${String(mode)}" is not known`);
  }
}

interface Pass {
  readonly cell: Cell;
  readonly inputs: readonly string[];
  readonly isReversed: boolean;
}

/** The states [N, T, H] in the order of the steps, and the one of the last step that was taken, [N, H]. */
function run(
  conversion: Conversion,
  layer: LayerConfig,
  { cell, inputs, isReversed }: Pass,
): { readonly states: string; readonly last: string } {
  refuse(conversion, layer, inputs);
  const units = layer.size("units");
  const numOutputs = cell.type === "LSTM" ? 3 : 2;
  const steps = conversion.transpose(inputs[0] ?? "", [1, 0, 2]);
  const weights = weightsOf(conversion, layer, cell, conversion.channelsOf(layer, inputs[0] ?? ""));
  const attributes: Attributes = {
    hidden_size: units,
    direction: isReversed ? "reverse" : "forward",
    ...activationAttributes(layer, cell),
  };
  const [all = "", last = ""] = conversion.graph.ops(cell.type, [steps, ...weights], attributes, numOutputs);
  const states = conversion.op("Squeeze", [all, conversion.integers([1])]);
  return {
    states: conversion.transpose(states, [1, 0, 2]),
    last: conversion.op("Squeeze", [last, conversion.integers([0])]),
  };
}

/** W, R and, where the layer has one, B of the operator. */
function weightsOf(conversion: Conversion, layer: LayerConfig, cell: Cell, channels: number): string[] {
  const units = layer.size("units");
  const width = units * cell.gates.length;
  const first = conversion.integers([0]);
  const gatesOf = (part: string, shape: readonly number[]): string => {
    const value = conversion.weights.get(layer, part, shape);
    return inOrder(conversion, cell, { value, axis: shape.length - 1, units });
  };
  const matrix = (part: string, rows: number): string =>
    conversion.op("Unsqueeze", [conversion.transpose(gatesOf(part, [rows, width]), [1, 0]), first]);
  const weights = [matrix("kernel", channels), matrix("recurrent_kernel", units)];
  if (!layer.flag("use_bias", true)) return weights;
  // ONNX adds a second bias to the recurrent product.
  const none = conversion.graph.constant(
    Array.from({ length: width }, () => 0),
    "float32",
  );
  const both = conversion.op("Concat", [gatesOf("bias", [width]), none], { axis: 0 });
  return [...weights, conversion.op("Unsqueeze", [both, first])];
}

/** The gates of a weight in ONNX's order. */
function inOrder(
  conversion: Conversion,
  { gates }: Cell,
  { value, axis, units }: { readonly value: string; readonly axis: number; readonly units: number },
): string {
  if (gates.every((gate, at) => gate === at)) return value;
  const sizes = conversion.integers(gates.map(() => units));
  const parts = conversion.graph.ops("Split", [value, sizes], { axis }, gates.length);
  return conversion.op(
    "Concat",
    gates.map((gate) => parts[gate] ?? ""),
    { axis },
  );
}

/** By the name in a topology, with what ONNX's default of the constants does not say. */
const ACTIVATIONS: Readonly<
  Record<string, { readonly name: string; readonly alpha?: number; readonly beta?: number }>
> = {
  tanh: { name: "Tanh" },
  sigmoid: { name: "Sigmoid" },
  relu: { name: "Relu" },
  hard_sigmoid: { name: "HardSigmoid", ...HARD_SIGMOID },
  linear: { name: "Affine", alpha: 1, beta: 0 },
};

function activationAttributes(layer: LayerConfig, { activations }: Cell): Attributes {
  const rules = activations.map(([key, fallback]) => {
    const name = layer.raw(key) === undefined ? fallback : activationOf(layer, key);
    const rule = ACTIVATIONS[name];
    if (rule === undefined)
      throw layer.unsupported(`its ${key} "${name}" cannot be converted in a recurrent layer`);
    return rule;
  });
  const numbers = (key: "alpha" | "beta"): number[] => rules.flatMap((rule) => rule[key] ?? []);
  const constants = rules.some(({ alpha }) => alpha !== undefined)
    ? { activation_alpha: { floats: numbers("alpha") }, activation_beta: { floats: numbers("beta") } }
    : {};
  return { activations: { texts: rules.map(({ name }) => name) }, ...constants };
}

function refuse(conversion: Conversion, layer: LayerConfig, inputs: readonly string[]): void {
  if (inputs.length !== 1) throw layer.unsupported("it is given its first state");
  for (const key of ["return_state", "stateful", "reset_after"]) {
    if (layer.flag(key)) throw layer.unsupported(`${key} is set`);
  }
  const isNoisy = layer.number("dropout", 0) > 0 || layer.number("recurrent_dropout", 0) > 0;
  if (isNoisy && conversion.form === "training") {
    throw layer.unsupported(
      "its dropout inside the recurrence has no form that can be trained; use a Dropout layer",
    );
  }
}

/** [N, T, H] with its steps in the other order. */
function reversed(conversion: Conversion, value: string): string {
  const bounds = [[-1], [-(2 ** 31 - 1)], [1], [-1]];
  return conversion.op("Slice", [value, ...bounds.map((values) => conversion.integers(values))]);
}
