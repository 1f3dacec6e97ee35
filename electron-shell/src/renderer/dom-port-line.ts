import { LineListeners, type Line } from "@fedge/device-runtime/remote";

/** A page's port as a line, which its owner can end when it hears that the other side is gone. */
export function domPortLine(port: MessagePort): Line & { end(): void } {
  const listeners = new LineListeners();
  const closed = new Set<() => void>();
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    port.close();
    for (const listener of closed) listener();
  };
  port.onmessage = ({ data }: MessageEvent): void => listeners.tell(data);
  // Newer browsers say so themselves.
  port.addEventListener("close", end);
  return {
    ...{
      addEventListener: listeners.addEventListener,
      removeEventListener: listeners.removeEventListener,
      end,
    },
    postMessage: (message) => port.postMessage(message),
    onClose: (listener) => void closed.add(listener),
    close: () => {
      isOver = true;
      port.close();
    },
  };
}
