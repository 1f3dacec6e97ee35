import type { Endpoint } from "comlink";

/** One end of a two-way line between two threads or processes; everything on it is copied. */
export interface Line extends Endpoint {
  /** Told once, when the other end is gone. */
  onClose(listener: () => void): void;
  /** Idempotent; the other end hears of it. */
  close(): void;
}

export type LineListener = Parameters<Endpoint["addEventListener"]>[1];

/** The listeners of a line, each told what arrives as the event that comlink expects. */
export class LineListeners {
  readonly #listeners = new Set<LineListener>();

  readonly addEventListener = (_type: string, listener: LineListener): void =>
    void this.#listeners.add(listener);

  readonly removeEventListener = (_type: string, listener: LineListener): void =>
    void this.#listeners.delete(listener);

  tell(data: unknown): void {
    const event = { data } as MessageEvent;
    for (const listener of [...this.#listeners]) deliver(listener, event);
  }
}

export function deliver(listener: LineListener, event: MessageEvent): void {
  if (typeof listener === "function") listener(event);
  else listener.handleEvent(event);
}

/** What a message's event carries. */
export function dataOf(event: Event): unknown {
  return (event as unknown as { readonly data?: unknown }).data;
}
