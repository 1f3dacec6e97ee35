/**
 * Small models with seeded weights.
 *
 * @module @fedge/onnx-autodiff/zoo
 */
export { autoencoder, type AutoencoderOptions } from "./autoencoder.js";
export { charLstm, type CharLstmOptions } from "./char-lstm.js";
export { cnn, type CnnOptions } from "./cnn.js";
export { logistic, type LogisticOptions } from "./logistic.js";
export { gru, lstm, type NextWordOptions } from "./next-word.js";
export { transformer, type TransformerOptions } from "./transformer.js";
export { twoNN, type TwoNNOptions } from "./two-nn.js";
