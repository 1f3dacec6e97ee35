import { LineListeners, type Line } from "@fedge/device-runtime/remote";

/** The part of a child process, or of the child's own `process`, that carries messages. */
export interface MessageProcess {
  send?(message: unknown, sent: (error: Error | null) => void): boolean;
  on(event: "message", listener: (message: unknown) => void): unknown;
  on(event: "disconnect", listener: () => void): unknown;
}

/** What goes between the two processes: on one of the lines, or beside them all. */
type Parcel =
  | { readonly line: number; readonly kind: "close" }
  | { readonly line: number; readonly kind: "message"; readonly data: unknown }
  /** `line` is a new one that comes with the message. */
  | { readonly line: number | null; readonly kind: "beside"; readonly data: unknown };

interface End {
  readonly listeners: LineListeners;
  readonly closed: Set<() => void>;
}

/**
 * Lines, and messages beside them, over the one channel that two plain Node processes have, where a message port cannot
 * be handed over. It lets the device's process run under `child_process.fork` as it does under Electron.
 */
export class ProcessChannels {
  readonly #ends = new Map<number, End>();
  #lastLine = 0;
  #hear: (message: unknown, line: Line | null) => void = () => undefined;
  #ended: () => void = () => undefined;

  constructor(private readonly target: MessageProcess) {
    target.on("message", (parcel) => this.#take(parcel as Parcel));
    target.on("disconnect", () => {
      for (const line of [...this.#ends.keys()]) this.#end(line);
      this.#ended();
    });
  }

  /** Told every message beside the lines, and the line that came with it; one listener only. */
  onMessage(listener: (message: unknown, line: Line | null) => void): void {
    this.#hear = listener;
  }

  /** Told when the other process is gone; one listener only. */
  onEnded(listener: () => void): void {
    this.#ended = listener;
  }

  post(data: unknown): void {
    this.#send({ line: null, kind: "beside", data });
  }

  /** Posts the message with a new line, whose near end this is. */
  postWithLine(data: unknown): Line {
    const line = (this.#lastLine += 1);
    const near = this.#open(line);
    this.#send({ line, kind: "beside", data });
    return near;
  }

  #take(parcel: Parcel): void {
    if (parcel.kind === "close") return this.#end(parcel.line);
    if (parcel.kind === "message") return this.#ends.get(parcel.line)?.listeners.tell(parcel.data);
    this.#hear(parcel.data, parcel.line === null ? null : this.#open(parcel.line));
  }

  #open(line: number): Line {
    const end: End = { listeners: new LineListeners(), closed: new Set() };
    this.#ends.set(line, end);
    const { addEventListener, removeEventListener } = end.listeners;
    return {
      ...{ addEventListener, removeEventListener },
      postMessage: (data) => {
        if (this.#ends.has(line)) this.#send({ line, kind: "message", data });
      },
      onClose: (listener) => void end.closed.add(listener),
      close: () => {
        if (this.#ends.delete(line)) this.#send({ line, kind: "close" });
      },
    };
  }

  #end(line: number): void {
    const end = this.#ends.get(line);
    this.#ends.delete(line);
    for (const listener of end?.closed ?? []) listener();
  }

  #send(parcel: Parcel): void {
    // A message that finds nobody needs no answer: the end of the other process is heard as such.
    this.target.send?.(parcel, () => undefined);
  }
}
