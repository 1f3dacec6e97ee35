import type { ElectronApi, MenuItem, TrayApi } from "./electron-api.js";
import type { ProcessState } from "./device-supervisor.js";
import { statusWords } from "./status-words.js";

export interface TrayParts {
  readonly electron: Pick<ElectronApi, "Tray" | "Menu">;
  readonly imagePath: string;
  readonly appName: string;
  readonly onShow: () => void;
  readonly onStartAgain: () => void;
  readonly onQuit: () => void;
}

/** The device's status in the desktop's tray, with a menu to show the window and to quit. */
export class StatusTray {
  readonly #tray: TrayApi;
  #words: readonly string[] = [];

  constructor(private readonly parts: TrayParts) {
    this.#tray = new parts.electron.Tray(parts.imagePath);
    this.#tray.on("click", parts.onShow);
  }

  show(state: ProcessState): void {
    const words = statusWords(state);
    // A menu that is built anew closes under the person's pointer.
    if (words.join("\n") === this.#words.join("\n")) return;
    this.#words = words;
    const { appName, electron } = this.parts;
    this.#tray.setToolTip(`${appName}: ${words[0]}`);
    this.#tray.setContextMenu(electron.Menu.buildFromTemplate(this.#menu(words, state)) as never);
  }

  destroy(): void {
    this.#tray.destroy();
  }

  #menu(words: readonly string[], state: ProcessState): MenuItem[] {
    const { appName, onShow, onStartAgain, onQuit } = this.parts;
    return [
      ...words.map((label) => ({ label, enabled: false })),
      ...(state.phase === "gone" ? [{ label: "Start again", click: onStartAgain }] : []),
      { type: "separator" },
      { label: `Show ${appName}`, click: onShow },
      { label: "Quit", click: onQuit },
    ];
  }
}
