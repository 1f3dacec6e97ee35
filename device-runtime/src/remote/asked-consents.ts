import type { Consent } from "../core/ports/application.js";

/** What a person said, as long as the device elsewhere has not answered: it counts here from when it is said. */
export class AskedConsents {
  readonly #asked = new Set<Partial<Consent>>();

  /** Waits for the answer; throws what `asking` throws. */
  async during(consent: Partial<Consent>, asking: () => Promise<unknown>): Promise<void> {
    const asked = { ...consent };
    this.#asked.add(asked);
    try {
      await asking();
    } finally {
      this.#asked.delete(asked);
    }
  }

  /** What the device told, changed as it was asked to change since. */
  over(told: Consent): Consent {
    return Object.assign({ ...told }, ...this.#asked) as Consent;
  }
}
