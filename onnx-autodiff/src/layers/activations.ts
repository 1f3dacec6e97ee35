import { float } from "../onnx/attributes.js";
import type { Conversion, LayerConverter } from "./conversion.js";
import type { LayerConfig } from "./layer-config.js";

type Activation = (conversion: Conversion, value: string) => string;

const named =
  (type: string): Activation =>
  ({ graph }, value) =>
    graph.op(type, [value]);

/** Slope and offset of tfjs's hard sigmoid, which Keras had before version 3: clip(x / 5 + 1 / 2, 0, 1). */
export const HARD_SIGMOID = { alpha: 0.2, beta: 0.5 } as const;

/** By the name in a topology. Source: tfjs-layers, activations.ts. */
const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ["linear", (_, value) => value],
  ["relu", named("Relu")],
  ["relu6", (conversion, value) => clipped(conversion, value, 6)],
  ["elu", named("Elu")],
  ["selu", named("Selu")],
  ["sigmoid", named("Sigmoid")],
  ["hard_sigmoid", ({ graph }, value) => graph.op("HardSigmoid", [value], hardSigmoidAttributes())],
  ["tanh", named("Tanh")],
  ["softplus", named("Softplus")],
  ["softsign", named("Softsign")],
  ["softmax", ({ graph }, value) => graph.op("Softmax", [value], { axis: -1 })],
  ["swish", ({ graph }, value) => graph.op("Mul", [value, graph.op("Sigmoid", [value])])],
  ["mish", mish],
  ["gelu", gelu],
  ["gelu_new", geluNew],
]);

/** The activation of a layer's field; a missing one is linear. Throws `ONNX_UNSUPPORTED_OPERATOR` naming the layer. */
export function activate(conversion: Conversion, layer: LayerConfig, value: string): string {
  const name = activationOf(layer, "activation");
  const apply = ACTIVATIONS.get(name);
  if (apply === undefined) throw layer.unsupported(`its activation "${name}" cannot be converted`);
  // The only one that looks at its neighbours.
  if (name === "softmax") return apply(conversion, value);
  return conversion.elementwise(value, (twin) => apply(conversion, twin));
}

/** Name of an activation; "linear" where the field is missing. */
export function activationOf(layer: LayerConfig, key: string): string {
  const value = layer.raw(key) ?? "linear";
  const name = typeof value === "object" ? (value as { class_name?: unknown }).class_name : value;
  if (typeof name !== "string") throw layer.fail(`${key} is no name of an activation`);
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
}

export const activationLayer: LayerConverter = (conversion, layer, [input = ""]) => [
  activate(conversion, layer, input),
];

export const reluLayer: LayerConverter = (conversion, layer, [input = ""]) => {
  const most = layer.optionalNumber("max_value");
  if ((layer.optionalNumber("negative_slope") ?? 0) !== 0 || (layer.optionalNumber("threshold") ?? 0) !== 0) {
    throw layer.unsupported("its negative_slope or threshold is not 0; use LeakyReLU");
  }
  const apply = (value: string): string =>
    most === undefined ? conversion.op("Relu", [value]) : clipped(conversion, value, most);
  return [conversion.elementwise(input, apply)];
};

export const leakyReluLayer: LayerConverter = (conversion, layer, [input = ""]) => {
  const alpha = float(layer.number("alpha", 0.3));
  return [conversion.elementwise(input, (value) => conversion.op("LeakyRelu", [value], { alpha }))];
};

export const eluLayer: LayerConverter = (conversion, layer, [input = ""]) => {
  const alpha = float(layer.number("alpha", 1));
  return [conversion.elementwise(input, (value) => conversion.op("Elu", [value], { alpha }))];
};

export const softmaxLayer: LayerConverter = (conversion, layer, [input = ""]) => {
  const axis = layer.number("axis", -1);
  if (axis !== -1 && axis !== conversion.rankOf(input) - 1) {
    throw layer.unsupported(`it runs over axis ${axis}; only the last one is supported`);
  }
  return [conversion.op("Softmax", [input], { axis: -1 })];
};

/** Slopes have a size for each axis but the batch's; shared axes have size 1. */
export const preluLayer: LayerConverter = (conversion, layer, [input = ""]) => {
  const value = layer.raw("shared_axes") ?? [];
  const shared = Array.isArray(value) && value.length === 0 ? [] : layer.integers("shared_axes");
  const shape = conversion.shapeOf(input).slice(1);
  const sizes = shape.map((size, at) => (shared.includes(at + 1) ? 1 : size));
  if (sizes.includes(null)) throw layer.fail("the size of an axis that it does not share is not known");
  return [conversion.op("PRelu", [input, conversion.weights.get(layer, "alpha", sizes as number[])])];
};

function clipped({ graph }: Conversion, value: string, most: number): string {
  return graph.op("Clip", [value, graph.constant(0, "float32"), graph.constant(most, "float32")]);
}

function hardSigmoidAttributes(): {
  readonly alpha: ReturnType<typeof float>;
  readonly beta: ReturnType<typeof float>;
} {
  return { alpha: float(HARD_SIGMOID.alpha), beta: float(HARD_SIGMOID.beta) };
}

/** x tanh(softplus(x)): Misra 2019. */
function mish({ graph }: Conversion, value: string): string {
  return graph.op("Mul", [value, graph.op("Tanh", [graph.op("Softplus", [value])])]);
}

/** x Phi(x): Hendrycks and Gimpel 2016. */
function gelu({ graph }: Conversion, value: string): string {
  const scaled = graph.op("Mul", [value, graph.constant(Math.SQRT1_2, "float32")]);
  const twice = graph.op("Add", [graph.op("Erf", [scaled]), graph.constant(1, "float32")]);
  return graph.op("Mul", [graph.op("Mul", [value, graph.constant(0.5, "float32")]), twice]);
}

/** The approximation of the same paper by tanh. */
function geluNew({ graph }: Conversion, value: string): string {
  const constant = (number: number): string => graph.constant(number, "float32");
  const cube = graph.op("Mul", [graph.op("Mul", [value, value]), value]);
  const inner = graph.op("Add", [value, graph.op("Mul", [cube, constant(0.044715)])]);
  const bent = graph.op("Tanh", [graph.op("Mul", [inner, constant(Math.sqrt(2 / Math.PI))])]);
  const half = graph.op("Mul", [value, constant(0.5)]);
  return graph.op("Mul", [half, graph.op("Add", [bent, constant(1)])]);
}
