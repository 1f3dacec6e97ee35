import type { StreamMethod } from "../result.js";

/** What a detector says after one value. A `drift` is said once: with the next value it begins anew. */
export type StreamState = "learning" | "ok" | "warning" | "drift";

/** Follows a stream of numbers; holds all it knows, so that it can be saved and go on elsewhere. */
export interface StreamDetector {
  readonly method: StreamMethod;
  /** What it compares with its threshold, after the last value. */
  readonly statistic: number;
  /** Takes one value. One that is not finite, or beyond 1e150 once standardised, changes nothing: its square would overflow. */
  update(value: number): StreamState;
  /** Everything, options too, as versioned bytes. */
  save(): Uint8Array<ArrayBuffer>;
}

/** How values are brought to mean 0 and deviation 1 first; 0 and 1 leave them as they are. */
export interface Standard {
  readonly mean: number;
  readonly deviation: number;
}

export const AS_IT_IS: Standard = { mean: 0, deviation: 1 };

/** True for a standardised value whose square is finite. */
export function isUsable(value: number): boolean {
  return Math.abs(value) <= 1e150;
}
