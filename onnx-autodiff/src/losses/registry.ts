import { binaryCrossEntropy } from "./binary-cross-entropy.js";
import { huber } from "./huber.js";
import type { Loss, LossKind } from "./loss.js";
import { meanAbsoluteError } from "./mean-absolute-error.js";
import { meanSquaredError } from "./mean-squared-error.js";
import { softmaxCrossEntropy } from "./softmax-cross-entropy.js";

export const LOSSES: Readonly<Record<LossKind, Loss>> = {
  "softmax-cross-entropy": softmaxCrossEntropy,
  "binary-cross-entropy": binaryCrossEntropy,
  "mean-squared-error": meanSquaredError,
  "mean-absolute-error": meanAbsoluteError,
  huber,
};

/** Every loss, by name. */
export const LOSS_KINDS = Object.keys(LOSSES) as readonly LossKind[];
