import type { Endpoint } from "comlink";

/** The part of a child process, or of the child's own `process`, that carries messages. */
export interface MessageProcess {
  send?(message: unknown, sent: (error: Error | null) => void): boolean;
  on(event: "message", listener: (message: unknown) => void): unknown;
  off(event: "message", listener: (message: unknown) => void): unknown;
}

type Listener = Parameters<Endpoint["addEventListener"]>[1];

/** Process messages as a comlink endpoint; nothing is transferred between processes, everything is copied. */
export function processEndpoint(target: MessageProcess): Endpoint {
  const listeners = new Map<Listener, (message: unknown) => void>();
  return {
    // A message that finds nobody needs no answer: the end of the other process is heard as such.
    postMessage: (message) => void target.send?.(message, () => undefined),
    addEventListener: (_type, listener) => {
      const hear = (message: unknown): void => deliver(listener, message);
      listeners.set(listener, hear);
      target.on("message", hear);
    },
    removeEventListener: (_type, listener) => {
      const hear = listeners.get(listener);
      listeners.delete(listener);
      if (hear !== undefined) target.off("message", hear);
    },
  };
}

function deliver(listener: Listener, message: unknown): void {
  const event = { data: message } as MessageEvent;
  if (typeof listener === "function") listener(event);
  else listener.handleEvent(event);
}
