import { LineListeners, type Line } from "../line.js";

/** Two ends of one line in memory: what is sent on one arrives on the other as a copy, in order. */
export function createLinePair(): { readonly near: Line; readonly far: Line } {
  const ends = [createEnd(), createEnd()] as const;
  const lineOf = (own: End, other: End): Line => ({
    addEventListener: own.listeners.addEventListener,
    removeEventListener: own.listeners.removeEventListener,
    postMessage: (message) => {
      if (own.isClosed || other.isClosed) return;
      const copy: unknown = structuredClone(message);
      queueMicrotask(() => other.listeners.tell(copy));
    },
    onClose: (listener) => void own.closed.push(listener),
    close: () => {
      if (own.isClosed) return;
      own.isClosed = true;
      queueMicrotask(() => {
        if (other.isClosed) return;
        other.isClosed = true;
        for (const listener of other.closed) listener();
      });
    },
  });
  return { near: lineOf(ends[0], ends[1]), far: lineOf(ends[1], ends[0]) };
}

interface End {
  readonly listeners: LineListeners;
  readonly closed: (() => void)[];
  isClosed: boolean;
}

function createEnd(): End {
  return { listeners: new LineListeners(), closed: [], isClosed: false };
}
