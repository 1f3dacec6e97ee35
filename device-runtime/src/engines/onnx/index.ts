/**
 * Serving and in-thread training on an ONNX runtime that the caller loads.
 *
 * @module @fedge/device-runtime/engine-onnx
 */
export { bindCheckpoint } from "./bind-checkpoint.js";
export { type OnnxRuntime } from "./runtime.js";
export { createOnnxServing } from "./serving.js";
export { createOnnxTrainer, type OnnxTrainerOptions } from "./trainer.js";
