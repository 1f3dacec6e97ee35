import type { Clock } from "../../clock/clock.js";

interface Timer {
  readonly dueAtMs: number;
  readonly run: () => void;
}

/**
 * A clock that runs like the one below it and can leap to the next timer, so that a simulation does not wait out
 * the deadlines of devices that it made fail.
 *
 * Timers run in the order in which they are due, equal ones in the order in which they were set, whether time passes
 * or leaps. A leap never passes over a timer.
 */
export class FastForwardClock implements Clock {
  readonly #timers = new Set<Timer>();
  #leaptMs = 0;
  #alarm: { readonly atMs: number; readonly cancel: () => void } | null = null;

  constructor(private readonly below: Clock) {}

  nowMs(): number {
    return this.below.nowMs() + this.#leaptMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer: Timer = { dueAtMs: this.nowMs() + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    if (this.#alarm === null || timer.dueAtMs < this.#alarm.atMs) this.#setAlarm();
    return () => void this.#timers.delete(timer);
  }

  /** Milliseconds until the next timer, 0 when it is due; null when there is none. */
  nextTimerInMs(): number | null {
    const dueAtMs = this.#nextDueAtMs();
    return dueAtMs === null ? null : Math.max(0, dueAtMs - this.nowMs());
  }

  /**
   * Leaps to the next timer and runs it with every other that is due by then. Gives the milliseconds leapt, or null
   * when no timer is due within `withinMs`.
   */
  jumpToNextTimer(withinMs = Infinity): number | null {
    const leapMs = this.nextTimerInMs();
    if (leapMs === null || leapMs > withinMs) return null;
    this.#leaptMs += leapMs;
    this.#runDue();
    return leapMs;
  }

  /** Forgets every timer. */
  close(): void {
    this.#timers.clear();
    this.#alarm?.cancel();
    this.#alarm = null;
  }

  #runDue(): void {
    const nowMs = this.nowMs();
    const due = [...this.#timers].filter((timer) => timer.dueAtMs <= nowMs);
    due.sort((one, other) => one.dueAtMs - other.dueAtMs);
    for (const timer of due) {
      // One that ran before may have cancelled this one.
      if (this.#timers.delete(timer)) timer.run();
    }
    this.#setAlarm();
  }

  /** One alarm of the clock below serves all timers: a leap then moves them all at once. */
  #setAlarm(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
    const atMs = this.#nextDueAtMs();
    if (atMs === null) return;
    const cancel = this.below.after(Math.max(0, atMs - this.nowMs()), () => {
      this.#alarm = null;
      this.#runDue();
    });
    this.#alarm = { atMs, cancel };
  }

  #nextDueAtMs(): number | null {
    let next: number | null = null;
    for (const { dueAtMs } of this.#timers) if (next === null || dueAtMs < next) next = dueAtMs;
    return next;
  }
}
