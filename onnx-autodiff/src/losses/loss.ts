import type { GraphBuilder } from "../builder/graph-builder.js";
import type { TensorType } from "../graph/tensor-type.js";

export type LossKind =
  "softmax-cross-entropy" | "binary-cross-entropy" | "mean-squared-error" | "mean-absolute-error" | "huber";

/** What `eval` counts beside the loss: right answers, or the sum of absolute errors. */
export type EvalMetric = "correct" | "error_sum";

/** How the target of a softmax cross-entropy is given. */
export type TargetFormat = "class-index" | "one-hot";

/** A loss with options of its own. */
export interface LossOptions {
  readonly kind: LossKind;
  /** Only for `softmax-cross-entropy`; `class-index` by default. */
  readonly target?: TargetFormat;
  /**
   * One non-negative weight per class, only for `softmax-cross-entropy`. With class indices the mean is then over the
   * sum of the weights of the targets, as in PyTorch.
   */
  readonly weights?: readonly number[];
  /** Rows with this class index count for nothing. Only for `softmax-cross-entropy` with class indices. */
  readonly ignoreIndex?: number;
  /** Where `huber` turns from a square into a line; 1 by default. */
  readonly delta?: number;
}

/** Options of a loss with defaults filled in. */
export interface CheckedLoss {
  readonly kind: LossKind;
  readonly target: TargetFormat;
  readonly weights: readonly number[] | undefined;
  readonly ignoreIndex: number | undefined;
  readonly delta: number;
}

export interface LossContext {
  readonly graph: GraphBuilder;
  /** Value that the loss is taken of, of known rank. */
  readonly prediction: string;
  readonly target: string;
  readonly options: CheckedLoss;
}

/** Values of a loss; what no output needs is never computed. */
export interface LossValues {
  /** Sum of the loss terms, a scalar. */
  readonly sum: string;
  /** Number of loss terms, an int64 scalar. */
  readonly count: string;
  /** What the sum is divided by for the mean loss, in the prediction's element type; by default the count. */
  readonly denominator?: string;
  /** The mean loss, where there is a shorter way to it than sum / denominator. */
  readonly mean?: string;
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
