import { errorCodeOf } from "@fedge/protocol";
import type { Device } from "@fedge/device-runtime";
import type { KeyboardDevice, KeyboardStatus, Suggestion } from "../keyboard-device.js";
import { forgetWords, hearWords, keepWords, keptWords, type WordLocks } from "./kept-words.js";
import type { KeyboardHost } from "./keyboard-host.js";
import { KeyboardModel } from "./keyboard-model.js";
import { STARTING, keyboardStatusOf } from "./keyboard-status.js";
import type { PageStorage } from "./page-storage.js";

/** What passes by itself, and what the light beside the title says already. */
const PASSING: ReadonlySet<unknown> = new Set([
  "SERVER_UNREACHABLE",
  "TRANSPORT_FAILED",
  "TOKEN_EXPIRED",
  "CLOSED",
]);
const EVENTS = ["version", "round", "state", "log", "conditions"] as const;

/** The keyboard's device: starts at once, and again after it was forgotten. */
export function openKeyboardDevice(of: {
  readonly host: KeyboardHost;
  readonly storage: PageStorage;
}): KeyboardDevice {
  return new LearningKeyboard(of.host, of.storage);
}

class LearningKeyboard implements KeyboardDevice {
  readonly #listeners = new Set<() => void>();
  readonly #model: KeyboardModel;
  #opening: Promise<Device>;
  #device: Device | null = null;
  /** A wish to be forgotten that is under way; never rejects. */
  #forgetting: Promise<void> = Promise.resolve();
  #problem: string | null = null;

  constructor(
    private readonly host: KeyboardHost,
    private readonly storage: PageStorage,
  ) {
    this.#opening = this.#open();
    // Whoever waits for the device sees the failure, and the panel says it.
    this.#opening.catch(() => undefined);
    this.#model = new KeyboardModel(() => this.#opening, keptWords(storage));
    window.addEventListener("storage", ({ key }) => hearWords(storage, this.#model.personal, key));
    for (const event of ["online", "offline"]) window.addEventListener(event, () => this.#tell());
  }

  suggest(before: string): Promise<readonly Suggestion[]> {
    return this.#model.suggest(before);
  }

  chosen(suggestion: Suggestion, accepted: boolean): void {
    this.#model.chosen(suggestion, accepted).catch((error: unknown) => this.#failed(error));
  }

  async finished(sentence: string): Promise<void> {
    await this.#model.finished(sentence);
    // Missing in old browsers, whatever the type says.
    await keepWords(this.storage, this.#model.personal, navigator.locks as WordLocks | undefined);
  }

  status(): KeyboardStatus {
    if (this.#device === null) return { ...STARTING, problem: this.#problem };
    return keyboardStatusOf(this.#device, { role: this.host.roleOf(this.#device), problem: this.#problem });
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async setConsent(consent: KeyboardStatus["consent"]): Promise<void> {
    (await this.#opening).setConsent(consent);
    this.#tell();
  }

  async trainNow(): Promise<void> {
    await this.#opening;
    this.host.trainNow();
  }

  async forget(): Promise<void> {
    const device = await this.#opening;
    forgetWords(this.storage, this.#model.personal);
    // The device tells its tabs, this one too, which then begins anew.
    const forgotten = device.forget();
    this.#forgetting = forgotten.then(
      () => undefined,
      () => undefined,
    );
    await forgotten;
    await this.#opening;
  }

  async #open(): Promise<Device> {
    try {
      const device = await this.host.open();
      this.#device = device;
      this.#problem = null;
      for (const event of EVENTS) device.on(event, () => this.#tell());
      device.on("version", () => this.#model.versionChanged());
      device.on("error", (error) => this.#failed(error));
      device.on("forgotten", () => this.#beginAnew(device));
      this.#tell();
      return device;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  #beginAnew(device: Device): void {
    forgetWords(this.storage, this.#model.personal);
    this.#device = null;
    // A device that closes has no answer any more for whoever asked it to forget.
    this.#opening = this.#forgetting.then(() => device.close()).then(() => this.#open());
    this.#opening.catch(() => undefined);
    this.#model.forgotten();
    this.#tell();
  }

  #failed(error: unknown): void {
    if (PASSING.has(errorCodeOf(error))) return;
    this.#problem = error instanceof Error ? error.message : String(error);
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
