/**
 * TensorFlow.js layers models as ONNX models.
 *
 * @module @fedge/onnx-autodiff/layers
 */
export {
  convertLayersModel,
  type ConversionOptions,
  type ConvertedModel,
  type LayersModelSource,
} from "./convert-layers-model.js";
export type { ConversionForm } from "./conversion.js";
export type { LayerWeight } from "./layer-weights.js";
export { readLayersModel, weightPathsOf } from "./model-json.js";
export { LAYER_CLASSES } from "./registry.js";
