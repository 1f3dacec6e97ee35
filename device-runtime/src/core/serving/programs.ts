import { FedgeError, type BlobRef, type ModelManifest } from "@fedge/protocol";
import type { ProgramForm } from "../ports/engine.js";

const REMEDY = "run the device on an ONNX engine";

/** The program that an engine of this form serves a version with. Throws MODEL_INCOMPATIBLE when there is none. */
export function programToServe({ model, graphs }: ModelManifest, form: ProgramForm): BlobRef {
  const program = form === "onnx" ? graphs.infer : graphs.layers;
  if (program !== undefined) return program;
  throw incompatible(model, `has no layers topology for tfjs; import it from a layers model, or ${REMEDY}`);
}

/**
 * The program that an engine of this form trains a version with. Throws MODEL_INCOMPATIBLE when the version cannot be
 * trained, or only by the train graph.
 */
export function programToTrain(manifest: ModelManifest, form: ProgramForm): BlobRef {
  return programInPlaceOf("train", manifest, form);
}

/**
 * What an engine of this form measures a version with, as the aggregator does: the eval graph, or the topology where the
 * engine knows the loss. Throws MODEL_INCOMPATIBLE when there is neither.
 */
export function programToEvaluate(manifest: ModelManifest, form: ProgramForm): BlobRef {
  return programInPlaceOf("eval", manifest, form);
}

function programInPlaceOf(name: "train" | "eval", manifest: ModelManifest, form: ProgramForm): BlobRef {
  const { model, graphs, layersTraining } = manifest;
  const graph = graphs[name];
  if (graph === undefined) throw incompatible(model, `has no ${name} graph`);
  if (form === "onnx") return graph;
  if (layersTraining === true) return programToServe(manifest, form);
  throw incompatible(model, `has no layers topology for tfjs that does as its ${name} graph; ${REMEDY}`);
}

function incompatible(model: string, why: string): FedgeError {
  return new FedgeError("MODEL_INCOMPATIBLE", `model "${model}" ${why}`);
}
