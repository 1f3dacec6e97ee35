/**
 * A device that lives in another thread or process: one end serves it, the other is the device to its app.
 *
 * @module @fedge/device-runtime/remote
 */
export { LineListeners, dataOf, deliver, type Line, type LineListener } from "./line.js";
export type {
  DeviceAnswer,
  DeviceEventName,
  DeviceHello,
  DeviceNews,
  DeviceRequest,
  RemoteDeviceApi,
} from "./device-request.js";
export { connectDevice, type RemoteDeviceParts } from "./remote-device.js";
export { serveLine, type ServingParts } from "./serve-line.js";
export { tellNews } from "./device-news.js";
