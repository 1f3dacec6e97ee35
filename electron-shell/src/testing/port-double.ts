import type { MainPort } from "../main/electron-api.js";

/**
 * Two ends of a channel as `MessageChannelMain` makes them: what is posted is copied and waits until the other end is
 * started; a close is told to the other end, once.
 */
export function createPortPair(): { readonly port1: MainPort; readonly port2: MainPort } {
  const [port1, port2] = [new PortDouble(), new PortDouble()];
  port1.other = port2;
  port2.other = port1;
  return { port1, port2 };
}

class PortDouble implements MainPort {
  other: PortDouble | null = null;
  #isStarted = false;
  #isClosed = false;
  readonly #queue: unknown[] = [];
  readonly #hearers = new Set<(event: { readonly data: unknown }) => void>();
  readonly #closers = new Set<() => void>();

  on(event: "message" | "close", listener: (event: { readonly data: unknown }) => void): void {
    if (event === "message") this.#hearers.add(listener);
    else this.#closers.add(() => listener({ data: null }));
  }

  postMessage(message: unknown): void {
    const copy: unknown = structuredClone(message);
    const { other } = this;
    if (!this.#isClosed && other !== null) queueMicrotask(() => other.#take(copy));
  }

  start(): void {
    this.#isStarted = true;
    for (const message of this.#queue.splice(0)) this.#tell(message);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { other } = this;
    if (other !== null) queueMicrotask(() => other.#end());
  }

  #take(message: unknown): void {
    if (this.#isStarted) this.#tell(message);
    else this.#queue.push(message);
  }

  #tell(data: unknown): void {
    if (!this.#isClosed) for (const hearer of this.#hearers) hearer({ data });
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const closer of this.#closers) closer();
  }
}
