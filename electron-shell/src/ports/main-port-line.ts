import { LineListeners, type Line } from "@fedge/device-runtime/remote";
import type { MainPort } from "../main/electron-api.js";

/** Electron's port in main and utility processes as a line. It begins to listen at once. */
export function mainPortLine(port: MainPort): Line {
  const listeners = new LineListeners();
  port.on("message", ({ data }) => listeners.tell(data));
  port.start();
  return {
    // Nothing is transferred: Electron's ports cannot take over memory.
    postMessage: (message) => port.postMessage(message),
    addEventListener: listeners.addEventListener,
    removeEventListener: listeners.removeEventListener,
    onClose: (listener) => void port.on("close", listener),
    close: () => port.close(),
  };
}
