import type { Clock } from "../core/ports/clock.js";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The platform's own clock and timers. */
export function createSystemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    after: (delayMs, run) => {
      const timer = setTimeout(run, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS));
      return () => clearTimeout(timer);
    },
  };
}
