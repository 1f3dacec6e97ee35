import { freezeInputs, inputNamesOf } from "@fedge/onnx-autodiff";
import { FedgeError, decodeSafetensors, type ModelManifest } from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { ExportFormat } from "../service.js";

/**
 * The version as one file: an ONNX model that takes the model's inputs only, with the trained weights (and what
 * training keeps for inference, such as running statistics) inside, or its checkpoint as it is.
 */
export async function exportVersion(
  blobs: BlobStore,
  version: { readonly record: VersionRecord; readonly manifest: ModelManifest },
  format: ExportFormat,
): Promise<Uint8Array> {
  const checkpoint = await blobs.get(version.record.checkpoint.sha256);
  switch (format) {
    case "safetensors":
      return checkpoint;
    case "onnx": {
      const infer = await blobs.get(version.manifest.graphs.infer.sha256);
      const given = new Set(inputNamesOf(infer));
      const { tensors } = decodeSafetensors(checkpoint);
      return freezeInputs(
        infer,
        tensors.filter((tensor) => given.has(tensor.name)),
      );
    }
    default:
      throw new FedgeError(
        "OPTION_INVALID",
        `format "${String(format)}" is not known; use onnx or safetensors`,
      );
  }
}
