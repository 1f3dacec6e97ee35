import { createAnnouncer } from "./announcer.js";
import type { PageClock } from "./clock.js";
import { element, icon, setText } from "./dom.js";
import type { KeyboardDevice } from "./keyboard-device.js";
import { DevicePanel } from "./panel/device-panel.js";
import { connectionInOneWord } from "./text/status-words.js";
import { createThemeButton } from "./theme.js";
import { Conversation } from "./typing/conversation.js";

/** How often "3 minutes ago" is looked at again. */
const TICK_MS = 10_000;

/** Shows the page in `root` and keeps it as the device is, until the page goes away. */
export function showKeyboardPage(root: HTMLElement, device: KeyboardDevice, clock: PageClock): void {
  new KeyboardPage(device, clock).showIn(root);
}

class KeyboardPage {
  readonly #announcer = createAnnouncer();
  readonly #light = element("span", { class: "light", "data-testid": "light" });
  readonly #conversation: Conversation;
  readonly #panel: DevicePanel;
  #problem: string | null = null;
  #version: number | null = null;

  constructor(
    private readonly device: KeyboardDevice,
    private readonly clock: PageClock,
  ) {
    const failed = (what: string, error: unknown): void => this.#failed(what, error);
    this.#conversation = new Conversation({ device, clock, announcer: this.#announcer, failed });
    this.#panel = new DevicePanel({
      consent: (consent) => this.#ask("Not changed", device.setConsent(consent)),
      train: () => this.#ask("No training", device.trainNow()),
      erase: () => this.#ask("Not everything is erased", this.#erase()),
    });
    this.#version = device.status().model?.version ?? null;
  }

  showIn(root: HTMLElement): void {
    root.replaceChildren(
      this.#topBar(),
      element("main", { class: "page" }, this.#conversation.node, this.#panel.node),
      this.#announcer.node,
    );
    document.addEventListener("keydown", (event) => {
      if (this.#conversation.takeByKey(event)) event.preventDefault();
    });
    this.device.onChange(() => this.#changed());
    this.#show();
    this.#tick();
    // Whoever opens the page can type at once.
    this.#conversation.focus();
  }

  #topBar(): HTMLElement {
    const brand = element("span", { class: "brand" }, icon("M12 12 6 7M12 12l6-5M12 12v7"));
    const title = element("h1", {}, "Fedge keyboard");
    return element("header", { class: "top-bar" }, brand, title, this.#light, createThemeButton());
  }

  #changed(): void {
    const version = this.device.status().model?.version ?? null;
    if (version !== this.#version) {
      this.#version = version;
      if (version !== null) this.#announcer.say(`Version ${version} of the model has come`);
      this.#conversation.suggestAgain();
    }
    this.#show();
  }

  #show(): void {
    const status = this.device.status();
    setText(this.#light, connectionInOneWord(status.connection));
    this.#light.dataset["connection"] = status.connection;
    this.#panel.show(status, this.clock.nowMs(), this.#problem);
  }

  #tick(): void {
    this.clock.after(TICK_MS, () => {
      this.#show();
      this.#tick();
    });
  }

  /** Waits for what a person asked for; afterwards the page shows what became of it. */
  #ask(whatFailed: string, asked: Promise<void>): void {
    this.#problem = null;
    asked.then(
      () => this.#show(),
      (error: unknown) => this.#failed(whatFailed, error),
    );
  }

  async #erase(): Promise<void> {
    await this.device.forget();
    this.#conversation.clear();
    this.#panel.forget();
    this.#announcer.say("Everything is erased");
  }

  #failed(what: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#problem = `${what}: ${why}`;
    this.#show();
  }
}
