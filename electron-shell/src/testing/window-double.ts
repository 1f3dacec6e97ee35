import type { FrameApi, MainPort, Rectangle, WindowApi, WindowOptions } from "../main/electron-api.js";
import { APP_ORIGIN } from "../main/app-protocol.js";
import { Emitter } from "./emitter.js";

/** A window that is nowhere, with what a test may see and do. */
export class WindowDouble implements WindowApi {
  readonly #events = new Emitter();
  readonly webContents = { mainFrame: new FrameDouble() };
  readonly loaded: string[] = [];
  bounds: Rectangle;
  isVisible = false;
  hasFocus = false;
  #isMaximized = false;
  #isMinimized = false;
  #isDestroyed = false;

  constructor(readonly options: WindowOptions) {
    const { x = 0, y = 0, width, height } = options;
    this.bounds = { x, y, width, height };
  }

  loadURL(url: string): Promise<void> {
    this.loaded.push(url);
    this.#events.emit("ready-to-show");
    return Promise.resolve();
  }

  show(): void {
    this.isVisible = true;
  }

  hide(): void {
    this.isVisible = false;
  }

  focus(): void {
    this.hasFocus = true;
  }

  minimize(): void {
    this.#isMinimized = true;
  }

  restore(): void {
    this.#isMinimized = false;
  }

  maximize(): void {
    this.#isMaximized = true;
  }

  isMinimized(): boolean {
    return this.#isMinimized;
  }

  isMaximized(): boolean {
    return this.#isMaximized;
  }

  isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  getNormalBounds(): Rectangle {
    return this.bounds;
  }

  on(event: string, listener: (event: { preventDefault(): void }) => void): void {
    this.#events.on(event, listener);
  }

  once(event: string, listener: () => void): void {
    this.#events.on(event, listener);
  }

  /** As when its person drags it. */
  moveTo(bounds: Rectangle): void {
    this.bounds = bounds;
    this.#events.emit("move");
  }

  /** As when its person closes it. */
  close(): void {
    let isPrevented = false;
    this.#events.emit("close", { preventDefault: () => (isPrevented = true) });
    if (isPrevented) return;
    this.#isDestroyed = true;
    this.#events.emit("closed");
  }
}

/** A page's frame that keeps what it is sent, and passes it on. */
export class FrameDouble implements FrameApi {
  readonly sent: {
    readonly channel: string;
    readonly message: unknown;
    readonly ports: readonly MainPort[];
  }[] = [];
  #pass: (channel: string, message: unknown, ports: readonly MainPort[]) => void = () => undefined;

  constructor(readonly origin: string = APP_ORIGIN) {}

  postMessage(channel: string, message: unknown, ports: MainPort[] = []): void {
    this.sent.push({ channel, message, ports });
    this.#pass(channel, message, ports);
  }

  /** What arrives goes there from now on. */
  passTo(pass: (channel: string, message: unknown, ports: readonly MainPort[]) => void): void {
    this.#pass = pass;
  }
}
