import type { Clock } from "../ports/clock.js";
import type { StopSignal } from "../ports/engine.js";

/** A batch begins when nobody has asked the device for an answer for so long. */
const QUIET_MS = 50;
/** Lets the thread do something else between two batches. */
const YIELD_MS = 1;

/** Lets whoever waits for a model's answer go before the next batch. */
export class EvaluationPace {
  #askedAtMs: number | null = null;

  constructor(private readonly clock: Clock) {}

  /** Somebody waits for an answer. Cheap, and called for each request. */
  stepAside(): void {
    this.#askedAtMs = this.clock.nowMs();
  }

  /** Resolves when the next batch may begin, or when the signal asks for the stop. */
  async turn(signal: StopSignal): Promise<void> {
    await this.wait(YIELD_MS, signal);
    for (let restMs = this.#restMs(); restMs > 0 && !signal.aborted; restMs = this.#restMs()) {
      await this.wait(restMs, signal);
    }
  }

  #restMs(): number {
    return this.#askedAtMs === null ? 0 : this.#askedAtMs + QUIET_MS - this.clock.nowMs();
  }

  /** Resolves after so long, or when the signal asks for the stop. */
  wait(forMs: number, signal: StopSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const go = (): void => {
        cancel();
        signal.removeEventListener("abort", go);
        resolve();
      };
      const cancel = this.clock.after(forMs, go);
      signal.addEventListener("abort", go);
    });
  }
}
