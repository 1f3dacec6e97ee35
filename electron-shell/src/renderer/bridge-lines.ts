import { FedgeError } from "@fedge/protocol";
import type { Line } from "@fedge/device-runtime/remote";
import { ENDED, GONE, PORT } from "../messages/channels.js";
import type { FedgeBridge } from "../preload/bridge.js";
import { domPortLine } from "./dom-port-line.js";

/** What is used of the page's window. */
export interface BridgeWindow {
  readonly fedge?: FedgeBridge;
  readonly location: { readonly origin: string };
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  removeEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

interface Waiting {
  readonly settle: (line: Line) => void;
  readonly fail: (error: FedgeError) => void;
}

/** Lines to the device's process, asked for by the preload script's bridge. */
export class BridgeLines {
  readonly #bridge: FedgeBridge;
  readonly #waiting: Waiting[] = [];
  /** Ends the lines that a process had when it ended. */
  readonly #enders = new Set<() => void>();
  readonly #hear = (event: MessageEvent): void => this.#heard(event);

  /** Throws ENGINE_UNAVAILABLE in a page without the shell's preload script. */
  constructor(private readonly window: BridgeWindow) {
    if (window.fedge === undefined)
      throw new FedgeError(
        "ENGINE_UNAVAILABLE",
        "this page runs without the shell's preload script; give its window `@fedge/electron-shell/preload`",
      );
    this.#bridge = window.fedge;
    window.addEventListener("message", this.#hear);
  }

  /** A new line, when the process runs. Throws TRANSPORT_FAILED when it does not and will not. */
  open(): Promise<Line> {
    const opening = new Promise<Line>((settle, fail) => this.#waiting.push({ settle, fail }));
    this.#bridge.connect();
    return opening;
  }

  close(): void {
    this.window.removeEventListener("message", this.#hear);
    this.#fail(new FedgeError("CLOSED", "the device is closed"));
  }

  #heard({ data, ports, origin }: MessageEvent): void {
    if (origin !== this.window.location.origin || typeof data !== "object" || data === null) return;
    const { type, message } = data as { readonly type?: unknown; readonly message?: unknown };
    const [port] = ports;
    if (type === PORT && port !== undefined) this.#came(port);
    else if (type === ENDED) for (const end of [...this.#enders]) end();
    else if (type === GONE) this.#fail(new FedgeError("TRANSPORT_FAILED", String(message)));
  }

  #came(port: MessagePort): void {
    const line = domPortLine(port);
    const waiting = this.#waiting.shift();
    // Whoever asked has closed meanwhile.
    if (waiting === undefined) return line.close();
    const end = (): void => line.end();
    this.#enders.add(end);
    line.onClose(() => this.#enders.delete(end));
    waiting.settle(line);
  }

  #fail(error: FedgeError): void {
    for (const { fail } of this.#waiting.splice(0)) fail(error);
  }
}
