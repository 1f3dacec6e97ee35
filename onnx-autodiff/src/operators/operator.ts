import type { InferenceContext } from "../graph/inference-context.js";
import type { TensorType } from "../graph/tensor-type.js";
import type { Dim } from "../graph/tensor-type.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import type { NodeProto } from "../onnx/proto.js";

/**
 * Everything this package knows about one ONNX operator. To add one: write its file beside this one, list it in
 * `registry.ts`, and check its gradient in a test next to it.
 */
export interface Operator {
  readonly type: string;

  /**
   * First opset whose definition equals the one of opset 13, as far as this package uses it. A model older than
   * opset 13 is rewritten to it, and a node older than this needs `upgrade`.
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

  /** The same computation in opset 13 form, for a node of an opset before `unchangedSince`. */
  upgrade?(context: InferenceContext): readonly NodeProto[];
}
