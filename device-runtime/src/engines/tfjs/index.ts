/**
 * Serving and in-thread training of TensorFlow.js layers models on whichever backend the caller starts.
 *
 * @module @fedge/device-runtime/engines/tfjs
 */
export { chooseBackend, type BackendCandidate, type BackendKind } from "./choose-backend.js";
export { registerTrainingKernels } from "./kernels/register-training-kernels.js";
export { type TfjsCore, type TfjsLayers, type TfjsRuntime } from "./runtime.js";
export { createTfjsServing } from "./serving.js";
export { createTfjsTrainer, type TfjsTrainerOptions } from "./trainer.js";
