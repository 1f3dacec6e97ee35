import type { Line } from "@fedge/device-runtime/remote";
import type { MainPort } from "../main/electron-api.js";
import type { FromDeviceProcess } from "../messages/process-messages.js";
import { mainPortLine } from "../ports/main-port-line.js";
import { ProcessChannels, type MessageProcess } from "../ports/process-channels.js";

/** The process that started this one. */
export interface Parent {
  /** Told everything that it says, with the line that came with it; one listener only. */
  onMessage(listener: (message: unknown, line: Line | null) => void): void;
  /** Told when it is gone. Electron ends its utility processes itself. */
  onEnded(listener: () => void): void;
  post(message: FromDeviceProcess): void;
}

/** Electron's `process.parentPort`. */
export interface ParentPort {
  on(
    event: "message",
    listener: (event: { readonly data: unknown; readonly ports: readonly MainPort[] }) => void,
  ): unknown;
  postMessage(message: unknown): void;
}

/** The parent of this process, under Electron or under `child_process.fork`. */
export function parentOf(self: MessageProcess & { readonly parentPort?: ParentPort }): Parent {
  return self.parentPort === undefined ? forkingParent(self) : electronParent(self.parentPort);
}

function electronParent(port: ParentPort): Parent {
  return {
    onMessage: (listener) =>
      void port.on("message", ({ data, ports: [first] }) =>
        listener(data, first === undefined ? null : mainPortLine(first)),
      ),
    onEnded: () => undefined,
    post: (message) => port.postMessage(message),
  };
}

function forkingParent(self: MessageProcess): Parent {
  const channels = new ProcessChannels(self);
  return {
    onMessage: (listener) => channels.onMessage(listener),
    onEnded: (listener) => channels.onEnded(listener),
    post: (message) => channels.post(message),
  };
}
