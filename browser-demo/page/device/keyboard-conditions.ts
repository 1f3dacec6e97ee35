import type { Clock } from "@fedge/device-runtime";
import type { PageConditions } from "@fedge/device-runtime/browser";
import type { PageStorage } from "./page-storage.js";

/** How long "train now" holds: long enough to be chosen for a round. */
const TRAIN_NOW_MS = 120_000;
const KEY = "fedge-keyboard/train-now-until";

/**
 * The page's conditions, which a person may set aside for two minutes by asking for a training. The wish is kept where
 * every tab of the device reads it, because another tab may be the one that trains.
 */
export class KeyboardConditions implements PageConditions {
  readonly #listeners = new Set<() => void>();
  readonly #stops: (() => void)[];
  #cancel: () => void = () => undefined;

  constructor(
    private readonly of: {
      readonly page: PageConditions;
      readonly storage: PageStorage;
      readonly clock: Clock;
      /** Tells of changes that other tabs make in the storage. */
      readonly window: Pick<Window, "addEventListener" | "removeEventListener">;
    },
  ) {
    const heard = (): void => this.#tell();
    of.window.addEventListener("storage", heard);
    this.#stops = [of.page.onChange(heard), () => of.window.removeEventListener("storage", heard)];
  }

  isEligible(): boolean {
    return this.reasons().length === 0;
  }

  reasons(): readonly string[] {
    return this.#isAskedFor() ? [] : this.of.page.reasons();
  }

  /** Sets the conditions aside. */
  trainNow(): void {
    this.of.storage.setItem(KEY, String(this.of.clock.nowMs() + TRAIN_NOW_MS));
    this.#cancel();
    this.#cancel = this.of.clock.after(TRAIN_NOW_MS + 1, () => this.#tell());
    this.#tell();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  usedElsewhere(): void {
    this.of.page.usedElsewhere();
  }

  trainingChanged(isTraining: boolean): void {
    this.of.page.trainingChanged(isTraining);
  }

  close(): void {
    this.#cancel();
    for (const stop of this.#stops.splice(0)) stop();
    this.of.page.close();
  }

  #isAskedFor(): boolean {
    const untilMs = Number(this.of.storage.getItem(KEY) ?? 0);
    const nowMs = this.of.clock.nowMs();
    // A clock that was set back must not keep an old wish alive for ever.
    return untilMs > nowMs && untilMs <= nowMs + TRAIN_NOW_MS;
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
