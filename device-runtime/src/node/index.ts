/**
 * A device in Node, and the adapters it is made of.
 *
 * @module @fedge/device-runtime/node
 */
export { alwaysEligible, createDevice, type NodeDeviceOptions } from "./create-device.js";
export { createSystemClock } from "../clock/system-clock.js";
export type { DeviceKey } from "../identity/device-key.js";
export { deviceKeyOf } from "./device-key.js";
export { nodeDigest } from "./digest.js";
export { openFileBlobs } from "./file-blobs.js";
export { NODE_ENGINES, isNodeEngine, loadEngine, type LoadedEngine, type NodeEngine } from "./engines.js";
export { createHttpIdentity, type HttpIdentityOptions } from "../identity/http-identity.js";
export { openLevelStore, type ClosableByteStore } from "./level-store.js";
export { createNodeMqttTransport as createMqttTransport } from "./mqtt-transport.js";
export { loadOnnxRuntime, type NamedRuntime, type RuntimePackage } from "./onnx-runtime.js";
export { nodeVerifier } from "./signature-verifier.js";
export { readBaseline } from "./read-baseline.js";
export { createProcessTrainer, type ProcessTrainerOptions } from "./process-trainer.js";
