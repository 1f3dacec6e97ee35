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
 * The eval graph of a version, which measures it as the aggregator does. Throws MODEL_INCOMPATIBLE when there is none, or
 * for an engine that runs no graphs.
 */
export function programToEvaluate({ model, graphs }: ModelManifest, form: ProgramForm): BlobRef {
  if (form === "onnx" && graphs.eval !== undefined) return graphs.eval;
  const why =
    form === "onnx"
      ? "has no eval graph"
      : "is evaluated by its eval graph; run the device on an ONNX engine";
  throw new FedgeError("MODEL_INCOMPATIBLE", `model "${model}" ${why}`);
}
