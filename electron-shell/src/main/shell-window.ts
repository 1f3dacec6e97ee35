import type { Clock } from "@fedge/device-runtime";
import { APP_ORIGIN } from "./app-protocol.js";
import type { ElectronApi, WindowApi } from "./electron-api.js";
import { SMALLEST_WINDOW, readWindowState, writeWindowState, type WindowState } from "./window-state.js";

/** A window that is dragged tells so many times a second. */
const SAVE_AFTER_MS = 500;

export interface WindowParts {
  readonly electron: Pick<ElectronApi, "BrowserWindow" | "screen">;
  readonly clock: Clock;
  readonly iconPath: string;
  readonly title: string;
  readonly preloadPath: string;
  /** The file that keeps where the window is. */
  readonly statePath: string;
  /** Told when the state cannot be written. */
  readonly onError: (error: unknown) => void;
}

/** The one window of the app. Closing it hides it: the device goes on in the tray. */
export class ShellWindow {
  #window: WindowApi | null = null;
  #opening: Promise<void> | null = null;
  #cancelSave: () => void = () => undefined;
  /** Where it stands now is not in the file yet. */
  #isMoved = false;
  #mayClose = false;

  constructor(private readonly parts: WindowParts) {}

  /** Opens the window, or brings it to the front. */
  async show(): Promise<void> {
    const window = this.#window;
    if (window === null || window.isDestroyed()) return (this.#opening ??= this.#open());
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }

  /** From now on a close is one. Resolves when the file says where the window stood last. */
  async letClose(): Promise<void> {
    this.#mayClose = true;
    this.#cancelSave();
    if (this.#isMoved && this.#window !== null) await this.#save(this.#window);
  }

  async #open(): Promise<void> {
    try {
      const { electron, statePath } = this.parts;
      const displays = electron.screen.getAllDisplays().map(({ workArea }) => workArea);
      const { isMaximized, ...bounds } = await readWindowState(statePath, displays);
      const window = this.#create(bounds);
      if (isMaximized) window.maximize();
      window.once("ready-to-show", () => window.show());
      await window.loadURL(`${APP_ORIGIN}/`);
    } finally {
      this.#opening = null;
    }
  }

  #create(bounds: Omit<WindowState, "isMaximized">): WindowApi {
    const { electron, iconPath, title, preloadPath } = this.parts;
    const window = new electron.BrowserWindow({
      ...bounds,
      ...SMALLEST_WINDOW,
      ...{ title, icon: iconPath, show: false },
      webPreferences: {
        preload: preloadPath,
        contextIsolation: true,
        sandbox: true,
        nodeIntegration: false,
        webSecurity: true,
        webviewTag: false,
      },
    });
    for (const event of ["move", "resize"] as const) window.on(event, () => this.#saveSoon(window));
    window.on("close", (event) => {
      if (this.#mayClose) return;
      event.preventDefault();
      window.hide();
    });
    window.on("closed", () => (this.#window = null));
    this.#window = window;
    return window;
  }

  #saveSoon(window: WindowApi): void {
    this.#cancelSave();
    this.#isMoved = true;
    this.#cancelSave = this.parts.clock.after(SAVE_AFTER_MS, () => void this.#save(window));
  }

  async #save(window: WindowApi): Promise<void> {
    if (window.isDestroyed()) return;
    this.#isMoved = false;
    const state = { ...window.getNormalBounds(), isMaximized: window.isMaximized() };
    await writeWindowState(this.parts.statePath, state).catch(this.parts.onError);
  }
}
