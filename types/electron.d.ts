/**
 * What the shell uses of Electron, which a Node older than Electron's tools does not install. A test holds it against
 * Electron's own types where they are.
 */
declare module "electron" {
  type Api = import("../electron-shell/src/main/electron-api.js").ElectronApi;
  const app: Api["app"] & { exit(code: number): void };
  const protocol: Api["protocol"];
  const session: Api["session"];
  const ipcMain: Api["ipcMain"];
  const powerMonitor: Api["powerMonitor"];
  const screen: Api["screen"];
  const utilityProcess: Api["utilityProcess"];
  const Menu: Api["Menu"];
  const BrowserWindow: Api["BrowserWindow"];
  const MessageChannelMain: Api["MessageChannelMain"];
  const Tray: Api["Tray"];
  const contextBridge: import("../electron-shell/src/preload/bridge.js").ContextBridgeApi;
  const ipcRenderer: import("../electron-shell/src/preload/bridge.js").IpcRendererApi;
}
