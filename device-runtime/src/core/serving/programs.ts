import { FedgeError, type BlobRef, type ModelManifest } from "@fedge/protocol";
import type { ProgramForm } from "../ports/engine.js";

const REMEDY = "import it from a layers model, or run the device on an ONNX engine";

/** The program that an engine of this form serves a version with. Throws MODEL_INCOMPATIBLE when there is none. */
export function programToServe({ model, graphs }: ModelManifest, form: ProgramForm): BlobRef {
  const program = form === "onnx" ? graphs.infer : graphs.layers;
  if (program !== undefined) return program;
  throw new FedgeError("MODEL_INCOMPATIBLE", `model "${model}" has no layers topology for tfjs; ${REMEDY}`);
}

/**
 * The program that an engine of this form trains a version with. Throws MODEL_INCOMPATIBLE when the version cannot be
 * trained, or only by the train graph.
 */
export function programToTrain(manifest: ModelManifest, form: ProgramForm): BlobRef {
  const { model, graphs, layersTraining } = manifest;
  if (graphs.train === undefined) {
    throw new FedgeError("MODEL_INCOMPATIBLE", `the assigned version of "${model}" has no train graph`);
  }
  if (form === "onnx") return graphs.train;
  if (layersTraining !== true) {
    const message = `tfjs cannot train model "${model}" as its train graph does; run the device on an ONNX engine`;
    throw new FedgeError("MODEL_INCOMPATIBLE", message);
  }
  return programToServe(manifest, form);
}

/**
 * What an engine of this form measures a version with, as the aggregator does: the eval graph, or the topology where the
 * engine knows the loss. Throws MODEL_INCOMPATIBLE when there is neither.
 */
export function programToEvaluate(manifest: ModelManifest, form: ProgramForm): BlobRef {
  const { model, graphs, layersTraining } = manifest;
  if (graphs.eval === undefined)
    throw new FedgeError("MODEL_INCOMPATIBLE", `model "${model}" has no eval graph`);
  if (form === "onnx") return graphs.eval;
  if (layersTraining === true) return programToServe(manifest, form);
  const message = `tfjs cannot measure model "${model}" as its eval graph does; run the device on an ONNX engine`;
  throw new FedgeError("MODEL_INCOMPATIBLE", message);
}
