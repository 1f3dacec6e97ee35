import type { InferenceContext } from "../graph/inference-context.js";
import type { TensorType } from "../graph/tensor-type.js";
import type { Dim } from "../graph/tensor-type.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import type { NodeProto } from "../onnx/proto.js";

/** An initializer, and the output of the node that takes its place in the next step. */
export interface CarriedState {
  readonly initializer: string;
  readonly next: string;
}

/**
 * Everything this package knows about one ONNX operator. To add one: write its file beside this one, list it in
 * `registry.ts`, and check its gradient in a test next to it.
 */
export interface Operator {
  readonly type: string;

  /**
   * First opset whose definition equals the one of opset 16, as far as this package uses it. A model older than
   * opset 16 is rewritten to it, and a node older than this needs `upgrade`.
   */
  readonly unchangedSince: number;

  /** Types of the outputs. Inputs of unknown type or rank give outputs of unknown shape, not an error. */
  infer(context: InferenceContext): readonly (TensorType | undefined)[];

  /** Contents of the first output where it is a small integer tensor that shapes are computed from. */
  contents?(context: InferenceContext): readonly Dim[] | undefined;

  /** Inputs that a gradient flows to; every floating point input by default. */
  readonly differentiableInputs?: readonly number[];

  /**
   * Gradients of the loss with respect to the inputs, given those with respect to the outputs (vector-Jacobian
   * product): names of values emitted through `context.graph`, undefined where `context.needs(i)` is false.
   */
  gradient?(context: GradientContext): readonly (string | undefined)[];

  /** Multiplications and additions per example, in pairs; symbolic dims count as 1. */
  multiplyAdds?(context: InferenceContext): number;

  /** The same computation in opset 16 form, for a node of an opset before `unchangedSince`. */
  upgrade?(context: InferenceContext): readonly NodeProto[];

  /** Nodes for the train graph where they differ: more outputs for the gradient, or a dropout mask. */
  trainingForm?(context: InferenceContext): readonly NodeProto[];

  /** Nodes for the infer and eval graphs where they differ: a model may be exported in its training form. */
  inferenceForm?(context: InferenceContext): readonly NodeProto[];

  /** True when its training form reads `dropout.seed`. */
  drawsRandomNumbers?(context: InferenceContext): boolean;

  /** Initializers that a training step replaces by other means than gradients: running statistics. */
  carriedState?(context: InferenceContext): readonly CarriedState[];
}
