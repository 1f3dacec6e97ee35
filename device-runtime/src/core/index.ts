/**
 * The device without a platform: everything from outside is a port.
 *
 * @module @fedge/device-runtime
 */
export {
  createDevice,
  type Device,
  type DeviceModel,
  type DeviceOptions,
  type DeviceStatus,
} from "./device.js";
export type { DeviceEventMap } from "./device-events.js";
export type { Prediction } from "./serving/model-host.js";
export type { RoundPhase } from "./rounds/participation-state.js";
export { RUNTIME_VERSION } from "./updates/installer.js";
export type * from "./ports/application.js";
export type * from "./ports/clock.js";
export type * from "./ports/engine.js";
export type * from "./ports/ports.js";
export type * from "./ports/storage.js";
export type * from "./ports/transport.js";
