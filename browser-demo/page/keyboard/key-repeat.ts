import type { PageClock } from "../clock.js";

const FIRST_DELAY_MS = 400;
const PERIOD_MS = 60;

/** Acts at once and, 400 ms later, every 60 ms until stopped. */
export class KeyRepeat {
  #cancel: (() => void) | null = null;

  constructor(
    private readonly clock: Pick<PageClock, "after">,
    private readonly action: () => void,
  ) {}

  start(): void {
    this.stop();
    this.action();
    this.#again(FIRST_DELAY_MS);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #again(delayMs: number): void {
    this.#cancel = this.clock.after(delayMs, () => {
      this.action();
      this.#again(PERIOD_MS);
    });
  }
}
