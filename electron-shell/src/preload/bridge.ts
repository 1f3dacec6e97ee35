import { CONNECT, ENDED, GONE, PORT, TRAIN_NOW } from "../messages/channels.js";

/** The part of Electron's `contextBridge` that is used. */
export interface ContextBridgeApi {
  exposeInMainWorld(name: string, api: unknown): void;
}

/** The part of Electron's `ipcRenderer` that is used. */
export interface IpcRendererApi {
  send(channel: string): void;
  on(
    channel: string,
    listener: (event: { readonly ports: readonly MessagePort[] }, message: unknown) => void,
  ): unknown;
}

/** What the page has of the shell, as `window.fedge`. Lines come as messages of the window, because ports do. */
export interface FedgeBridge {
  /** Asks for a line to the device; it comes, or does not, as a `BridgeMessage`. */
  connect(): void;
  /** Sets the desktop's conditions for training aside for two minutes. */
  trainNow(): void;
}

/** What the preload script posts to its own window. */
export type BridgeMessage =
  /** Comes with a port. */
  | { readonly type: typeof PORT }
  | { readonly type: typeof ENDED }
  | { readonly type: typeof GONE; readonly message: string };

/** Gives the page its two calls and its lines, and nothing of Electron or Node. */
export function bridge(
  { contextBridge, ipcRenderer }: { contextBridge: ContextBridgeApi; ipcRenderer: IpcRendererApi },
  page: Pick<Window, "postMessage" | "location">,
): void {
  const { origin } = page.location;
  const post = (message: BridgeMessage, ports: readonly MessagePort[] = []): void =>
    page.postMessage(message, origin, [...ports]);
  ipcRenderer.on(PORT, ({ ports }) => post({ type: PORT }, ports));
  ipcRenderer.on(ENDED, () => post({ type: ENDED }));
  ipcRenderer.on(GONE, (_, message) => post({ type: GONE, message: String(message) }));
  const api: FedgeBridge = {
    connect: () => ipcRenderer.send(CONNECT),
    trainNow: () => ipcRenderer.send(TRAIN_NOW),
  };
  contextBridge.exposeInMainWorld("fedge", api);
}
