/**
 * Small models with seeded weights.
 *
 * @module @fedge/onnx-autodiff/zoo
 */
export { logistic, type LogisticOptions } from "./logistic.js";
export { twoNN, type TwoNNOptions } from "./two-nn.js";
