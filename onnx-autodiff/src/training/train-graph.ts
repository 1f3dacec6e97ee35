import type { GraphBuilder, GraphOutput } from "../builder/graph-builder.js";
import { differentiate } from "../gradient/backward.js";
import { scalarLike } from "../gradient/add-to.js";
import type { Loss, LossValues } from "../losses/loss.js";
import type { ModelGraph } from "../model/model-graph.js";
import type { TensorSpec } from "../model/tensor-spec.js";
import { dataTypeOf } from "../onnx/element-type.js";
import type { GraphProto, NodeProto } from "../onnx/proto.js";
import { clipByGlobalNorm } from "../optimizers/clip.js";
import type { Optimizer, ParameterGradient } from "../optimizers/optimizer.js";
import { addProximalTerm, anchorName } from "../optimizers/proximal.js";
import { attachLoss, startForwardPass } from "./forward-pass.js";
import { nextModelState, stateTensors, type ModelState } from "./model-state.js";
import type { CheckedOptions } from "./options.js";
import { gradientName, LEARNING_RATE, LOSS, nextName, PROXIMAL_MU } from "./reserved-names.js";

export interface TrainGraphOptions {
  readonly graph: ModelGraph;
  readonly options: CheckedOptions;
  readonly modelState: ModelState;
  readonly loss: Loss;
  readonly output: string;
  readonly optimizer: Optimizer;
  readonly parameters: readonly TensorSpec[];
  /** What the optimizer keeps. */
  readonly optimizerState: readonly TensorSpec[];
}

/** One step: forward pass, loss, gradients, optimizer; next parameters and state as outputs. */
export function buildTrainGraph(request: TrainGraphOptions): GraphProto {
  const { graph, options, parameters, optimizerState, modelState } = request;
  const names = parameters.map((parameter) => parameter.name);
  const { drawsRandomNumbers, statistics } = modelState;
  const inputs = [...names, ...statistics.map((tensor) => tensor.name)];
  const pass = startForwardPass(graph, { form: "training", inputs, drawsRandomNumbers });
  const { builder, nodes } = pass;
  const { prediction, values } = attachLoss(builder, { ...request, lossOptions: options.loss });
  builder.input(LEARNING_RATE, "float32", []);
  for (const { name, elementType, shape } of optimizerState) builder.input(name, elementType, shape);
  if (options.proximal) addProximalInputs(builder, parameters);

  const isPrescaled =
    request.optimizer.isLinear && options.clipNorm === undefined && !options.outputGradients;
  const rates = { of: (like: string) => castScalar(builder, LEARNING_RATE, like), isPrescaled };
  const raw = backward(builder, { nodes, prediction, values, names, rates });
  const objective = options.proximal ? withProximalTerm(builder, raw, rates) : raw;
  const gradients =
    options.clipNorm === undefined ? objective : clipByGlobalNorm(builder, objective, options.clipNorm);
  const learningRate = rates.of(names[0] ?? "");
  const updated = request.optimizer.update({
    graph: builder,
    learningRate,
    gradients,
    isPrescaled,
    areGradientsShared: options.outputGradients,
  });

  const next = new Map([...updated, ...nextModelState(pass, modelState)]);
  const mean = values.mean ?? builder.op("Div", [values.sum, denominatorOf(builder, values, prediction)]);
  const outputs: GraphOutput[] = [{ name: LOSS, value: mean }];
  for (const { name } of [...parameters, ...stateTensors(modelState), ...optimizerState])
    outputs.push({ name: nextName(name), value: next.get(name) ?? name });
  if (options.outputGradients) {
    for (const { parameter, gradient } of objective)
      outputs.push({ name: gradientName(parameter), value: gradient });
  }
  return builder.build(`${graph.name}.train`, outputs);
}

interface Rates {
  /** The learning rate in the element type of a value. */
  of(like: string): string;
  readonly isPrescaled: boolean;
}

function backward(
  builder: GraphBuilder,
  pass: {
    readonly nodes: readonly NodeProto[];
    readonly prediction: string;
    readonly values: LossValues;
    readonly names: readonly string[];
    readonly rates: Rates;
  },
): readonly ParameterGradient[] {
  const { prediction, rates } = pass;
  const count = denominatorOf(builder, pass.values, prediction);
  const seed = rates.isPrescaled
    ? builder.op("Neg", [rates.of(prediction)])
    : scalarLike(builder, prediction, 1);
  const gradients = differentiate(builder, {
    nodes: pass.nodes,
    output: prediction,
    outputGradient: pass.values.gradient(builder.op("Div", [seed, count])),
    parameters: pass.names,
  });
  return pass.names.map((parameter) => ({
    parameter,
    gradient: gradients.get(parameter) ?? zeros(builder, parameter),
  }));
}

/** What the sum of the loss terms is divided by, in the element type of the prediction. */
function denominatorOf(builder: GraphBuilder, values: LossValues, prediction: string): string {
  const to = dataTypeOf(builder.requireType(prediction).elementType);
  return values.denominator ?? builder.op("Cast", [values.count], { to });
}

/** A parameter whose every path ends in an operator with zero derivative still has a gradient: zero. */
function zeros(builder: GraphBuilder, parameter: string): string {
  return builder.op("Mul", [parameter, scalarLike(builder, parameter, 0)]);
}

function withProximalTerm(
  builder: GraphBuilder,
  gradients: readonly ParameterGradient[],
  rates: Rates,
): readonly ParameterGradient[] {
  const like = gradients[0]?.parameter ?? "";
  const mu = castScalar(builder, PROXIMAL_MU, like);
  const weight = rates.isPrescaled ? builder.op("Neg", [builder.op("Mul", [mu, rates.of(like)])]) : mu;
  return addProximalTerm(builder, gradients, weight);
}

function addProximalInputs(builder: GraphBuilder, parameters: readonly TensorSpec[]): void {
  builder.input(PROXIMAL_MU, "float32", []);
  for (const { name, elementType, shape } of parameters) builder.input(anchorName(name), elementType, shape);
}

function castScalar(builder: GraphBuilder, scalar: string, like: string): string {
  const { elementType } = builder.requireType(like);
  return elementType === "float32" ? scalar : builder.op("Cast", [scalar], { to: dataTypeOf(elementType) });
}
