import { FedgeError } from "@fedge/protocol";
import { decodeModel, encodeModel } from "../onnx/model.js";

/**
 * What the writer of a model noted beside its graph, by key. Throws as `buildTrainingGraphs` does for bytes that are no
 * model, and `ONNX_INVALID_GRAPH` for a key that is there twice.
 */
export function readMetadata(model: Uint8Array): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  for (const { key, value } of decodeModel(model).metadata) {
    if (entries.has(key)) {
      throw new FedgeError("ONNX_INVALID_GRAPH", `the model's metadata have the key "${key}" twice`);
    }
    entries.set(key, value);
  }
  return entries;
}

/** The model with these notes instead of those that it had; its graph stays as it is. Throws as `readMetadata`. */
export function withMetadata(
  model: Uint8Array,
  metadata: ReadonlyMap<string, string>,
): Uint8Array<ArrayBuffer> {
  const entries = [...metadata].map(([key, value]) => ({ key, value, unknownFields: [] }));
  return encodeModel({ ...decodeModel(model), metadata: entries });
}
