import { scalarLike } from "../gradient/add-to.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import type { InferenceContext } from "../graph/inference-context.js";
import { newNode } from "../graph/node.js";
import type { TensorType } from "../graph/tensor-type.js";
import { float } from "../onnx/attributes.js";
import type { NodeProto } from "../onnx/proto.js";
import { channelAxes, normalizationGradient, normalize, perChannel, sumPerChannel } from "./normalization.js";
import type { CarriedState, Operator } from "./operator.js";

/** PyTorch and ONNX agree on it. */
const DEFAULT_EPSILON = 1e-5;

/**
 * scale * (x - mean) / sqrt(variance + epsilon) + bias per channel of [N, C, ...].
 *
 * With `training_mode` 1 the batch's own mean and variance are used, and the running ones are carried from step to
 * step as the operator says: running * momentum + batch * (1 - momentum), with the population variance. With
 * `training_mode` 0 the running ones are used, and stay.
 */
export const batchNormalization: Operator = {
  type: "BatchNormalization",
  unchangedSince: 14,
  differentiableInputs: [0, 1, 2],

  infer(context) {
    const statistics: TensorType | undefined = context.type(3);
    return [context.type(0), statistics, context.type(4)];
  },

  gradient: (context) => (isTraining(context.inference) ? batchGradients(context) : frozenGradients(context)),

  trainingForm({ node }) {
    const [output = "", mean = "", variance = ""] = node.outputs;
    if (node.attributes.every(({ name, int }) => name !== "training_mode" || int !== 1n)) return [node];
    return [{ ...node, outputs: [output, mean || `${output}/mean`, variance || `${output}/variance`] }];
  },

  inferenceForm(context) {
    const { node } = context;
    if (!isTraining(context)) return [node];
    const attributes = { epsilon: float(context.float("epsilon", DEFAULT_EPSILON)) };
    const outputs = node.outputs.slice(0, 1);
    return [newNode({ type: node.opType, inputs: node.inputs, outputs, attributes, name: node.name })];
  },

  carriedState: carriedStatistics,
  upgrade: upgradeOutputs,
};

function isTraining(context: InferenceContext): boolean {
  return context.int("training_mode", 0) === 1;
}

function carriedStatistics(context: InferenceContext): readonly CarriedState[] {
  if (!isTraining(context)) return [];
  return [3, 4].map((input) => ({
    initializer: context.node.inputs[input] ?? "",
    next: context.node.outputs[input - 2] ?? "",
  }));
}

function batchGradients(context: GradientContext): readonly (string | undefined)[] {
  const { graph, inference } = context;
  const [x, dy] = [context.input(0), context.outputGradient()];
  const axes = channelAxes(graph, x);
  const epsilon = inference.float("epsilon", DEFAULT_EPSILON);
  const normalized = normalize(graph, x, { axes, epsilon });
  const scale = perChannel(graph, context.input(1), graph.requireShape(x).length);
  const dx = (): string =>
    normalizationGradient(graph, graph.op("Mul", [dy, scale]), { ...normalized, axes });
  return [
    context.needs(0) ? dx() : undefined,
    context.needs(1) ? sumPerChannel(graph, graph.op("Mul", [dy, normalized.value])) : undefined,
    context.needs(2) ? sumPerChannel(graph, dy) : undefined,
  ];
}

function frozenGradients(context: GradientContext): readonly (string | undefined)[] {
  const { graph, inference } = context;
  const [x, dy] = [context.input(0), context.outputGradient()];
  const { length: rank } = graph.requireShape(x);
  const epsilon = scalarLike(graph, x, inference.float("epsilon", DEFAULT_EPSILON));
  const deviation = graph.op("Sqrt", [graph.op("Add", [context.input(4), epsilon])]);
  const dx = (): string => {
    const slope = graph.op("Div", [context.input(1), deviation]);
    return graph.op("Mul", [dy, perChannel(graph, slope, rank)]);
  };
  const dScale = (): string => {
    const centred = graph.op("Sub", [x, perChannel(graph, context.input(3), rank)]);
    return graph.op("Div", [sumPerChannel(graph, graph.op("Mul", [dy, centred])), deviation]);
  };
  return [
    context.needs(0) ? dx() : undefined,
    context.needs(1) ? dScale() : undefined,
    context.needs(2) ? sumPerChannel(graph, dy) : undefined,
  ];
}

/** Before opset 14 a node with more than one output was in training mode. */
function upgradeOutputs(context: InferenceContext): readonly NodeProto[] {
  const { node } = context;
  const isTrained = node.outputs.length > 1;
  const attributes = {
    epsilon: float(context.float("epsilon", DEFAULT_EPSILON)),
    momentum: float(context.float("momentum", 0.9)),
    ...(isTrained ? { training_mode: 1 } : {}),
  };
  const outputs = node.outputs.slice(0, isTrained ? 3 : 1);
  return [newNode({ type: node.opType, inputs: node.inputs, outputs, attributes, name: node.name })];
}
