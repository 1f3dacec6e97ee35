import { freezeInputs, inputNamesOf } from "@fedge/onnx-autodiff";
import { FedgeError, decodeSafetensors, type ModelManifest, type NamedTensor } from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { ExportFormat } from "../service.js";
import { layersModelJson, layersWeights } from "./layers-files.js";

interface Version {
  readonly record: VersionRecord;
  readonly manifest: ModelManifest;
}

/**
 * The version as one file: an ONNX model that takes the model's inputs only, with the trained weights (and what
 * training keeps for inference, such as running statistics) inside; its checkpoint as it is; or a file of a
 * TensorFlow.js layers model.
 *
 * Throws MODEL_INCOMPATIBLE for the files of a layers model when the version was not imported from one.
 */
export async function exportVersion(
  blobs: BlobStore,
  version: Version,
  format: ExportFormat,
): Promise<Uint8Array> {
  switch (format) {
    case "safetensors":
      return blobs.get(version.record.checkpoint.sha256);
    case "onnx":
      return freezeInputs(await inferGraph(blobs, version), await weightsOf(blobs, version));
    case "tfjs/model.json":
      return layersModelJson(await topologyOf(blobs, version), await weightsOf(blobs, version));
    case "tfjs/weights.bin":
      await topologyOf(blobs, version);
      return layersWeights(await weightsOf(blobs, version));
    default:
      throw new FedgeError(
        "OPTION_INVALID",
        `format "${String(format)}" is not known; use onnx, safetensors or tfjs`,
      );
  }
}

function inferGraph(blobs: BlobStore, { manifest }: Version): Promise<Uint8Array> {
  return blobs.get(manifest.graphs.infer.sha256);
}

/** The checkpoint's tensors that belong to the model; what only an optimizer keeps is left out. */
async function weightsOf(blobs: BlobStore, version: Version): Promise<NamedTensor[]> {
  const needed = new Set(inputNamesOf(await inferGraph(blobs, version)));
  const { tensors } = decodeSafetensors(await blobs.get(version.record.checkpoint.sha256));
  return tensors.filter((tensor) => needed.has(tensor.name));
}

async function topologyOf(blobs: BlobStore, { manifest }: Version): Promise<Uint8Array> {
  const { model, version, graphs } = manifest;
  if (graphs.layers !== undefined) return blobs.get(graphs.layers.sha256);
  throw new FedgeError(
    "MODEL_INCOMPATIBLE",
    `model "${model}" version ${version} was not imported from a TensorFlow.js layers model with every weight ` +
      "trained, so there are no layers to write; export it with --format onnx or safetensors",
    { details: { model, version } },
  );
}
