import type { ModelManifest } from "@fedge/protocol";
import type { TensorValue } from "../ports/engine.js";

/**
 * How many classes a model's labels are indices of: the last axis of the output that has one axis more than the target.
 * Null for a model that does not tell apart classes by index, or leaves their number open.
 */
export function numClassesOf(manifest: Pick<ModelManifest, "loss" | "target" | "outputs">): number | null {
  const { loss, target, outputs } = manifest;
  if (loss !== "softmax-cross-entropy" || target === undefined) return null;
  if (target.elementType !== "int64" && target.elementType !== "int32") return null;
  const output = outputs.find(({ shape }) => shape.length === target.shape.length + 1);
  return output?.shape.at(-1) ?? null;
}

/**
 * The first value that names no class; null when all do. Where an example has many labels, negative ones are padding,
 * which a model may have been imported to leave out.
 */
export function wrongClassIn({ shape, data }: TensorValue, numClasses: number): number | bigint | null {
  const mayPad = shape.length > 1;
  for (const value of data) if (value >= numClasses || (value < 0 && !mayPad)) return value;
  return null;
}
