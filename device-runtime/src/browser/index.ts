/**
 * A device in a page, and the adapters it is made of.
 *
 * @module @fedge/device-runtime/browser
 */
export { createDevice, type BrowserDeviceOptions } from "./create-device.js";
export { fetchBaseline } from "./fetch-baseline.js";
export type { BrowserDevice, TabRole } from "./tabs/shared-device.js";
export type { Answer, EngineWorkerApi, StartedEngine } from "./engine-worker-api.js";
export type { EngineSettings } from "./engine-loaders/engine-loader.js";
export type { Provider, ProviderChoice } from "./providers/engine-provider.js";
export { openDeviceDatabase, type DeviceDatabase, type DeviceSchema } from "./database.js";
export { createIndexedDbBlobs, createIndexedDbValues } from "./indexed-db-stores.js";
export {
  watchPage,
  type BatteryLike,
  type ConnectionLike,
  type PageConditions,
  type PageHost,
  type StorageLike,
} from "./conditions/page-conditions.js";
export {
  DEFAULT_POLICY,
  reasonsAgainst,
  type HostFacts,
  type TrainingPolicy,
} from "../core/conditions/training-policy.js";
export { createSystemClock } from "../clock/system-clock.js";
export { openWebDeviceKey } from "./web-device-key.js";
export { webDigest } from "./web-digest.js";
export { createMqttTransport } from "../mqtt/mqtt-transport.js";
