import type { Clock } from "../../core/ports/clock.js";

const INPUT_EVENTS = ["keydown", "pointerdown", "pointermove", "wheel", "touchstart"] as const;
/** A moving pointer tells so often that hearing every time would cost more than it is worth. */
export const INPUT_EVERY_MS = 250;

/**
 * Calls `used` at once when a person types or points, and at most every 250 ms while that goes on. The returned
 * function ends that.
 */
export function watchUse(target: EventTarget, clock: Pick<Clock, "nowMs">, used: () => void): () => void {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const heard = (): void => {
    const nowMs = clock.nowMs();
    if (nowMs - toldAtMs < INPUT_EVERY_MS && nowMs >= toldAtMs) return;
    toldAtMs = nowMs;
    used();
  };
  for (const event of INPUT_EVENTS) target.addEventListener(event, heard, { passive: true });
  return () => {
    for (const event of INPUT_EVENTS) target.removeEventListener(event, heard);
  };
}
