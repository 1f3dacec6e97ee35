import * as electron from "electron";
import type { ParentPort } from "../../../electron-shell/src/device-process/parent.js";
import type { ElectronApi } from "../../../electron-shell/src/main/electron-api.js";
import type { ContextBridgeApi, IpcRendererApi } from "../../../electron-shell/src/preload/bridge.js";

/** Compiles where Electron's module has all that the shell's main process uses. */
export const main: ElectronApi = electron;
export const bridge: ContextBridgeApi = electron.contextBridge;
export const ipc: IpcRendererApi = electron.ipcRenderer;
export const parent: ParentPort = process.parentPort;
