import type { GraphBuilder } from "../builder/graph-builder.js";
import type { TensorType } from "../graph/tensor-type.js";

export type LossKind = "softmax-cross-entropy" | "mean-squared-error" | "binary-cross-entropy";

/** What `eval` counts beside the loss: right answers, or the sum of absolute errors. */
export type EvalMetric = "correct" | "error_sum";

/** How the target of a softmax cross-entropy is given. */
export type TargetFormat = "class-index" | "one-hot";

/** A loss whose target has a form of its own. */
export interface LossOptions {
  readonly kind: LossKind;
  /** Only for `softmax-cross-entropy`; `class-index` by default. */
  readonly target?: TargetFormat;
}

export interface LossContext {
  readonly graph: GraphBuilder;
  /** Value that the loss is taken of, of known rank. */
  readonly prediction: string;
  readonly target: string;
  readonly targetFormat: TargetFormat;
}

/** Values of a loss; what no output needs is never computed. */
export interface LossValues {
  /** Sum of the loss terms, a scalar. */
  readonly sum: string;
  /** Number of loss terms, an int64 scalar: the loss is sum / count. */
  readonly count: string;
  /** Value of the metric: int64 scalar for `correct`, floating point for `error_sum`. */
  readonly metric: string;
  /** Gradient of `scale` times the sum with respect to the prediction; `scale` is a scalar value. */
  gradient(scale: string): string;
}

export interface Loss {
  readonly kind: LossKind;
  readonly metric: EvalMetric;
  /** Operators that, last in the model, are passed over: the loss takes their input, which is stable. */
  readonly absorbs: readonly string[];
  targetType(prediction: TensorType, format: TargetFormat): TensorType;
  build(context: LossContext): LossValues;
}
