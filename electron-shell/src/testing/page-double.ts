import { bridge, type FedgeBridge } from "../preload/bridge.js";
import type { BridgeWindow } from "../renderer/bridge-lines.js";
import type { MainPort } from "../main/electron-api.js";
import { APP_ORIGIN } from "../main/app-protocol.js";
import type { ElectronDouble } from "./electron-double.js";
import { Emitter } from "./emitter.js";
import { FrameDouble } from "./window-double.js";

/** A page of the shell with the real preload bridge between it and the double. */
export class PageDouble implements BridgeWindow {
  readonly #events = new Emitter();
  readonly #ipc = new Emitter();
  readonly location = { origin: APP_ORIGIN } as Location;
  readonly frame = new FrameDouble();
  /** Every name that the preload script put into the page. */
  readonly exposed: Record<string, unknown> = {};

  constructor(electron: ElectronDouble) {
    this.frame.passTo((channel, message, ports) =>
      this.#ipc.emit(channel, { ports: ports.map(domPort) }, message),
    );
    const contextBridge = {
      exposeInMainWorld: (name: string, api: unknown) => void (this.exposed[name] = api),
    };
    const ipcRenderer = {
      send: (channel: string) => electron.ask(channel, this.frame),
      on: (channel: string, listener: (...details: never[]) => void) => this.#ipc.on(channel, listener),
    };
    bridge({ contextBridge, ipcRenderer }, this as unknown as Window);
  }

  get fedge(): FedgeBridge {
    return this.exposed["fedge"] as FedgeBridge;
  }

  addEventListener(_type: "message", listener: (event: MessageEvent) => void): void {
    this.#events.on("message", listener);
  }

  removeEventListener(_type: "message", listener: (event: MessageEvent) => void): void {
    this.#events.off("message", listener);
  }

  /** The window's own, by which the preload script hands over its ports. */
  postMessage(data: unknown, origin: string, ports: MessagePort[] = []): void {
    queueMicrotask(() => this.#events.emit("message", { data, origin, ports }));
  }
}

/** The port as a page gets it. */
export function domPort(port: MainPort): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: { data: unknown }): void => port.postMessage(data);
  port.on("message", ({ data }) => port1.postMessage(data));
  port.on("close", () => port1.close());
  port1.addEventListener("close", () => port.close());
  port.start();
  return port2 as unknown as MessagePort;
}
