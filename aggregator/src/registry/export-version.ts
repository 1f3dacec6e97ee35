import { setInitializers } from "@fedge/onnx-autodiff";
import { FedgeError, decodeSafetensors, type ModelManifest } from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { ExportFormat } from "../service.js";

/** The version as one file: a self-contained ONNX model with the trained weights inside, or its checkpoint. */
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
      const names = new Set(version.manifest.parameters.map((tensor) => tensor.name));
      const { tensors } = decodeSafetensors(checkpoint);
      const parameters = tensors.filter((tensor) => names.has(tensor.name));
      return setInitializers(await blobs.get(version.manifest.graphs.infer.sha256), parameters);
    }
    default:
      throw new FedgeError(
        "OPTION_INVALID",
        `format "${String(format)}" is not known; use onnx or safetensors`,
      );
  }
}
