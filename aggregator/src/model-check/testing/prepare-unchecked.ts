import { buildTrainingGraphs } from "@fedge/onnx-autodiff";
import { attributionOf } from "../attribution.js";
import type { PrepareModel } from "../prepared-model.js";

/** Differentiates a model in this process, and tries nothing: for tests of what becomes of its graphs. */
export const prepareUnchecked: PrepareModel = ({ onnx, training }) => {
  const graphs = buildTrainingGraphs(onnx, training);
  const check = { batchSize: 2, loss: 1, stepMs: 1, memoryBytes: 0 };
  return Promise.resolve({ graphs, check, attribution: attributionOf({ onnx, training }, graphs) });
};
