/**
 * The device of a page in the shell.
 *
 * @module @fedge/electron-shell/renderer
 */
export { createDevice, type RendererDeviceOptions } from "./create-device.js";
export type { FedgeBridge } from "../preload/bridge.js";
