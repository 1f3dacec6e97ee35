import type { EvalMetric, LossKind } from "../losses/loss.js";
import { LOSSES } from "../losses/registry.js";
import { findPrediction } from "../losses/prediction.js";
import { readModelGraph, type ModelGraph } from "../model/model-graph.js";
import { valueSpec, type TensorSpec, type ValueSpec } from "../model/tensor-spec.js";
import { createOptimizer } from "../optimizers/registry.js";
import { buildEvalGraph, buildInferGraph } from "./eval-graph.js";
import { findModelState, stateTensors } from "./model-state.js";
import { chooseOutput, packModel, startForwardPass, type ForwardPass } from "./forward-pass.js";
import { checkOptions, type CheckedOptions, type TrainingOptions } from "./options.js";
import { selectParameters } from "./parameters.js";
import { refuseReservedNames, TARGET } from "./reserved-names.js";
import { buildTrainGraph } from "./train-graph.js";

/** What the loss was taken of, and what must be fed and read for it. */
export interface LossDescription {
  readonly kind: LossKind;
  /** Value of the model that the loss is taken of: an output, or the input of the activation before it. */
  readonly prediction: string;
  readonly target: ValueSpec;
  /** Name of the metric output of `eval` beside `loss_sum` and `count`. */
  readonly metric: EvalMetric;
}

/** The three graphs, as bytes of ONNX files, and what their inputs and outputs are. */
export interface TrainingGraphs {
  /** Model inputs, parameters and running statistics in, the model's outputs out. */
  readonly infer: Uint8Array<ArrayBuffer>;
  /**
   * Model inputs, `target`, `learning_rate` (float32 scalar), parameters and state in; `loss` (mean over the loss
   * terms) and `<name>.next` of every parameter and state tensor out. See `TrainingOptions` for further ones.
   */
  readonly train: Uint8Array<ArrayBuffer>;
  /**
   * Model inputs, `target`, parameters and running statistics in; scalars out: `loss_sum` (floating point), `count` (int64, number of
   * loss terms: rows for cross-entropy, else elements), and `correct` (int64) or `error_sum` (sum of absolute errors).
   */
  readonly eval: Uint8Array<ArrayBuffer>;
  /** Trained tensors with the model's values, in model order. */
  readonly parameters: readonly TensorSpec[];
  /**
   * Tensors that a training carries from step to step, with their initial values: running statistics of the model,
   * the seed of its dropout, and what the optimizer keeps.
   */
  readonly state: readonly TensorSpec[];
  /** Names of the state tensors that belong to the model and that `infer` and `eval` take too: running statistics. */
  readonly statistics: readonly string[];
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  readonly loss: LossDescription;
}

/**
 * Differentiates an ONNX model and returns three ONNX graphs of standard operators, in the model's opset (at least 13).
 *
 * Throws FedgeError `ONNX_MALFORMED`, `ONNX_LIMIT_EXCEEDED`, `ONNX_INVALID_GRAPH`, `ONNX_SHAPE_MISMATCH`,
 * `ONNX_UNSUPPORTED_OPERATOR` or `ONNX_OPTION_INVALID`, naming the node, operator or option at fault.
 */
export function buildTrainingGraphs(model: Uint8Array, options: TrainingOptions): TrainingGraphs {
  const checked = checkOptions(options);
  const graph = readModelGraph(model);
  refuseReservedNames(graph);
  const loss = LOSSES[checked.loss.kind];
  const output = chooseOutput(graph, checked.output);
  const analysis = startForwardPass(graph, { form: "as-exported" });
  const { builder, nodes } = analysis;
  const prediction = findPrediction(builder, loss, output);
  const parameters = selectParameters({ graph, builder, nodes, prediction, patterns: checked.trainable });
  const names = parameters.map((parameter) => parameter.name);
  const optimizer = createOptimizer(checked.optimizer);
  const modelState = findModelState(graph, analysis);
  const optimizerState = optimizer.createState(parameters);
  const request = {
    graph,
    options: checked,
    loss,
    output,
    optimizer,
    parameters,
    modelState,
    optimizerState,
  };
  const statistics = modelState.statistics.map((tensor) => tensor.name);
  const inputs = [...names, ...statistics];
  const lossOptions = checked.loss;
  return {
    infer: packModel(graph, buildInferGraph(graph, inputs)),
    train: packModel(graph, buildTrainGraph(request)),
    eval: packModel(graph, buildEvalGraph({ graph, inputs, loss, lossOptions, output })),
    parameters,
    state: [...stateTensors(modelState), ...optimizerState],
    statistics,
    ...describeValues(graph, analysis),
    loss: describeLoss(analysis, checked, prediction),
  };
}

function describeValues(
  graph: ModelGraph,
  { builder }: ForwardPass,
): Pick<TrainingGraphs, "inputs" | "outputs"> {
  const spec = ({ name }: { readonly name: string }): ValueSpec => valueSpec(name, builder.requireType(name));
  return { inputs: graph.inputs.map(spec), outputs: graph.outputs.map(spec) };
}

function describeLoss(
  { builder }: ForwardPass,
  options: CheckedOptions,
  prediction: string,
): LossDescription {
  const loss = LOSSES[options.loss.kind];
  const target = loss.targetType(builder.requireType(prediction), options.loss.target);
  return { kind: loss.kind, prediction, target: valueSpec(TARGET, target), metric: loss.metric };
}
