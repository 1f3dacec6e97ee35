import { binaryCrossEntropy } from "./binary-cross-entropy.js";
import type { Loss, LossKind } from "./loss.js";
import { meanSquaredError } from "./mean-squared-error.js";
import { softmaxCrossEntropy } from "./softmax-cross-entropy.js";

export const LOSSES: Readonly<Record<LossKind, Loss>> = {
  "softmax-cross-entropy": softmaxCrossEntropy,
  "mean-squared-error": meanSquaredError,
  "binary-cross-entropy": binaryCrossEntropy,
};
