import { FedgeError, type TensorData } from "@fedge/protocol";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { TfjsCore } from "./runtime.js";

/** A loss whose gradient tfjs finds; the mean over all its terms, a scalar. */
export interface TfjsLoss {
  /** A final activation of the model that the loss contains. */
  readonly absorbs?: "softmax" | "sigmoid";
  mean(tf: TfjsCore, prediction: Tensor, target: Tensor): Tensor;
  /** Number of right answers, a scalar, as eval graphs count them; absent where no answer is right or wrong. */
  correct?(tf: TfjsCore, prediction: Tensor, target: Tensor): Tensor;
}

const LOSSES: ReadonlyMap<string, TfjsLoss> = new Map<string, TfjsLoss>([
  ["softmax-cross-entropy", { absorbs: "softmax", mean: softmaxCrossEntropy, correct: rightClasses }],
  ["binary-cross-entropy", { absorbs: "sigmoid", mean: binaryCrossEntropy, correct: rightSides }],
  ["mean-squared-error", { mean: meanSquaredError }],
  ["mean-absolute-error", { mean: meanAbsoluteError }],
  ["huber", { mean: huber }],
]);

/** The loss of a manifest. Throws TRAINING_FAILED for one that the engine does not know. */
export function lossOf(name: string | undefined): TfjsLoss {
  const loss = LOSSES.get(name ?? "");
  if (loss === undefined) throw new FedgeError("TRAINING_FAILED", `tfjs cannot train on the loss "${name}"`);
  return loss;
}

/** -log softmax(z)[class], one term per class index of the target. */
function softmaxCrossEntropy(tf: TfjsCore, prediction: Tensor, target: Tensor): Tensor {
  const numClasses = prediction.shape.at(-1) ?? 1;
  requireClasses(target, prediction.size / numClasses);
  const logProbabilities = tf.logSoftmax(tf.reshape(prediction, [-1, numClasses]));
  const isClass = tf.oneHot(tf.cast(tf.reshape(target, [-1]), "int32"), numClasses);
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.cast(isClass, "float32"), logProbabilities), 1)));
}

/** Rows whose largest logit is that of the target's class. */
function rightClasses(tf: TfjsCore, prediction: Tensor, target: Tensor): Tensor {
  const rows = tf.reshape(prediction, [-1, prediction.shape.at(-1) ?? 1]);
  const isRight = tf.equal(tf.argMax(rows, 1), tf.cast(tf.reshape(target, [-1]), "int32"));
  return tf.sum(tf.cast(isRight, "float32"));
}

/** Logits above 0 where the target is above 1/2, and not where it is not. */
function rightSides(tf: TfjsCore, prediction: Tensor, target: Tensor): Tensor {
  const saysYes = tf.cast(tf.greater(prediction, 0), "float32");
  const isYes = tf.cast(tf.greater(likePrediction(tf, prediction, target), 0.5), "float32");
  return tf.sum(tf.cast(tf.equal(saysYes, isYes), "float32"));
}

/** log(1 + exp(z)) - z t for logits z: neither overflows nor takes the log of 0. Gradient: sigmoid(z) - t. */
function binaryCrossEntropy(tf: TfjsCore, prediction: Tensor, target: Tensor): Tensor {
  const wanted = likePrediction(tf, prediction, target);
  return tf.mean(tf.sub(tf.softplus(prediction), tf.mul(prediction, wanted)));
}

function meanSquaredError(tf: TfjsCore, prediction: Tensor, target: Tensor): Tensor {
  return tf.mean(tf.square(tf.sub(prediction, likePrediction(tf, prediction, target))));
}

/** As d sign(d), of which the gradient at 0 is 0, as in ONNX; tfjs's own gradient of abs is -1 there. */
function meanAbsoluteError(tf: TfjsCore, prediction: Tensor, target: Tensor): Tensor {
  const difference = tf.sub(prediction, likePrediction(tf, prediction, target));
  return tf.mean(tf.mul(difference, tf.sign(difference)));
}

/** d^2 / 2 for |d| up to 1, then |d| - 1/2 (Huber 1964, with delta 1 as PyTorch's default). */
function huber(tf: TfjsCore, prediction: Tensor, target: Tensor): Tensor {
  const difference = tf.sub(prediction, likePrediction(tf, prediction, target));
  const clipped = tf.clipByValue(difference, -1, 1);
  return tf.mean(tf.mul(clipped, tf.sub(difference, tf.div(clipped, 2))));
}

/** Throws TRAINING_FAILED for a class that the model does not have: tfjs would train on none, without a word. */
export function requireClassIndices(target: TensorData, numClasses: number): void {
  for (const index of target) {
    if (index >= 0 && index < numClasses) continue;
    throw new FedgeError(
      "TRAINING_FAILED",
      `the target has class ${index}; the model has ${numClasses} classes`,
    );
  }
}

function requireClasses(target: Tensor, count: number): void {
  if (target.size === count) return;
  throw new FedgeError("TRAINING_FAILED", `${target.size} class indices for ${count} predictions`);
}

/** Shapes must have the same size: broadcasting would train on pairs that nobody meant. */
function likePrediction(tf: TfjsCore, prediction: Tensor, target: Tensor): Tensor {
  if (target.size !== prediction.size) {
    throw new FedgeError(
      "TRAINING_FAILED",
      `a target of shape [${target.shape.join(", ")}] for predictions of shape [${prediction.shape.join(", ")}]`,
    );
  }
  return tf.cast(tf.reshape(target, prediction.shape), "float32");
}
