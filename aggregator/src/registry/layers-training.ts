import type { ModelImport } from "../service.js";

/**
 * True when the layers engine trains as the train graph does: that engine takes plain SGD steps on all parameters, and
 * knows each loss in its plain form only.
 */
export function layersTrainAlike({ optimizer, clipNorm, trainable, loss }: ModelImport["training"]): boolean {
  if (clipNorm !== undefined || trainable !== undefined) return false;
  const { kind = "sgd", weightDecay = 0 } = optimizer ?? {};
  const momentum = optimizer?.kind === "sgd" ? (optimizer.momentum ?? 0) : 0;
  if (kind !== "sgd" || weightDecay > 0 || momentum > 0) return false;
  if (typeof loss === "string") return true;
  const { target = "class-index", weights, ignoreIndex, delta = 1 } = loss;
  return target === "class-index" && weights === undefined && ignoreIndex === undefined && delta === 1;
}
