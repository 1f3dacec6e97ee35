import type { RolloutEvent, RolloutState } from "./rollout-state.js";

/** An event whose turn has not come. */
export interface Waiting {
  readonly event: RolloutEvent;
  /** Called with the state as it is when the event's turn comes; what it throws refuses the event. Null where nobody waits. */
  readonly check: ((state: RolloutState) => void) | null;
  readonly done: (state: RolloutState) => void;
  readonly refused: (error: unknown) => void;
}

/** So many of devices' words are made durable at once; a person waits for no more of them than these. */
export const MAX_BATCH = 1000;

/**
 * What a rollout has still to take up, in two lanes.
 *
 * Q1  What a person waits for comes before all that devices said, however much of that is queued: a pause must not wait for
 *     ten thousand reports, of which the last one might open the next wave.
 * Q2  Within a lane everything keeps its order.
 * Q3  Nothing is lost and nothing comes twice.
 */
export class EventQueue {
  #people: Waiting[] = [];
  #others: Waiting[] = [];

  get isEmpty(): boolean {
    return this.#people.length === 0 && this.#others.length === 0;
  }

  add(waiting: Waiting): void {
    (waiting.check === null ? this.#others : this.#people).push(waiting);
  }

  /** What is to be made durable next: all that people wait for, or else the oldest of the rest. */
  next(): readonly Waiting[] {
    if (this.#people.length > 0) return this.#people.splice(0);
    return this.#others.splice(0, MAX_BATCH);
  }

  /** Puts back what could not be taken up, before what has come since. */
  putBack(batch: readonly Waiting[]): void {
    this.#people.unshift(...batch.filter(({ check }) => check !== null));
    this.#others.unshift(...batch.filter(({ check }) => check === null));
  }

  /** Takes everything out. */
  clear(): readonly Waiting[] {
    return [...this.#people.splice(0), ...this.#others.splice(0)];
  }
}
