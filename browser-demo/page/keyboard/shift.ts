/** "auto" is a capital only where a sentence begins; "locked" lasts until the next tap. */
export interface ShiftState {
  readonly mode: "auto" | "off" | "once" | "locked";
  readonly tappedAtMs: number;
}

/** How a keyboard begins. */
export const AUTOMATIC_SHIFT: ShiftState = { mode: "auto", tappedAtMs: -Infinity };

const DOUBLE_TAP_MS = 400;

/** Whether the next letter is a capital. */
export function isShifted({ mode }: ShiftState, isAtSentenceStart: boolean): boolean {
  return mode === "once" || mode === "locked" || (mode === "auto" && isAtSentenceStart);
}

/** After a tap on shift: once, off again, or locked by a second tap within 400 ms. */
export function tapShift(state: ShiftState, isAtSentenceStart: boolean, nowMs: number): ShiftState {
  if (state.mode === "locked") return { mode: "off", tappedAtMs: nowMs };
  if (nowMs - state.tappedAtMs <= DOUBLE_TAP_MS) return { mode: "locked", tappedAtMs: nowMs };
  return { mode: isShifted(state, isAtSentenceStart) ? "off" : "once", tappedAtMs: nowMs };
}

/** After something was written: only a lock outlives it. */
export function afterWriting(state: ShiftState): ShiftState {
  return state.mode === "locked" ? state : AUTOMATIC_SHIFT;
}
