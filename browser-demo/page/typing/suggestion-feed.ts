import type { Suggestion } from "../keyboard-device.js";

/** What a feed needs. */
export interface FeedPorts {
  suggest(before: string): Promise<readonly Suggestion[]>;
  /** Called with the answer to the latest question only. */
  show(suggestions: readonly Suggestion[]): void;
  failed(error: unknown): void;
}

/**
 * Asks for suggestions one question at a time.
 *
 * Who types faster than the model answers gets the answer to the latest text: what was asked in
 * between is never asked, and an answer that came too late is never shown.
 */
export class SuggestionFeed {
  #isAsking = false;
  #next: string | null = null;

  constructor(private readonly ports: FeedPorts) {}

  ask(before: string): void {
    this.#next = before;
    if (!this.#isAsking) void this.#answerAll();
  }

  async #answerAll(): Promise<void> {
    this.#isAsking = true;
    while (this.#next !== null) {
      const before = this.#next;
      this.#next = null;
      await this.#answer(before);
    }
    this.#isAsking = false;
  }

  async #answer(before: string): Promise<void> {
    try {
      const suggestions = await this.ports.suggest(before);
      if (this.#next === null) this.ports.show(suggestions);
    } catch (error) {
      if (this.#next === null) this.ports.show([]);
      this.ports.failed(error);
    }
  }
}
