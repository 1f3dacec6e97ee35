/**
 * Differentiates an ONNX model into plain ONNX graphs that infer, train and evaluate.
 *
 * @module @fedge/onnx-autodiff
 */
export { buildTrainingGraphs } from "./training/build-training-graphs.js";
export type { LossDescription, TrainingGraphs } from "./training/build-training-graphs.js";
export { buildAttributionGraph, type AttributionOptions } from "./training/attribution-graph.js";
export { exposeTerms, type ExposedTerms } from "./training/expose-terms.js";
export type { TrainingOptions } from "./training/options.js";
export type { EvalMetric, LossKind, LossOptions, TargetFormat } from "./losses/loss.js";
export type { OptimizerOptions } from "./optimizers/registry.js";
export type { SgdOptions } from "./optimizers/sgd.js";
export type { AdamOptions } from "./optimizers/adam.js";
export { LOSS_KINDS } from "./losses/registry.js";
export { OPTIMIZER_KINDS, type OptimizerKind } from "./optimizers/registry.js";
export type { TensorSpec, ValueSpec } from "./model/tensor-spec.js";
export type { ElementType, TensorData } from "./onnx/element-type.js";
export type { Tensor } from "./onnx/tensor.js";
export { createGraphBuilder } from "./builder/create-graph-builder.js";
export type { ModelBuilder, ModelBuilderOptions } from "./builder/create-graph-builder.js";
export { float } from "./onnx/attributes.js";
export type { Attributes, AttributeValue, FloatAttribute } from "./onnx/attributes.js";
export { describeModel } from "./model/describe-model.js";
export type { ModelDescription, OperatorUse, ParameterDescription } from "./model/describe-model.js";
export { readMetadata, withMetadata } from "./model/metadata.js";
export { layersTopologyOf, noteLayersTopology } from "./model/layers-topology.js";
export { exportTrained, setInitializers } from "./model/set-initializers.js";
export type { NamedTensor } from "./model/set-initializers.js";
export { freezeInputs, inputNamesOf } from "./model/freeze-inputs.js";
