/**
 * Small models with seeded weights.
 *
 * @module @fedge/onnx-autodiff/zoo
 */
export { cnn, type CnnOptions } from "./cnn.js";
export { logistic, type LogisticOptions } from "./logistic.js";
export { gru, lstm, type NextWordOptions } from "./next-word.js";
export { twoNN, type TwoNNOptions } from "./two-nn.js";
