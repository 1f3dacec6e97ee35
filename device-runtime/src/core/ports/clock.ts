/** Time as the core sees it. Tests and simulations own it. */
export interface Clock {
  /** UTC epoch milliseconds; never compared with another machine's. */
  nowMs(): number;
  /** Calls `run` once after at least `delayMs`; the returned function cancels and is idempotent. */
  after(delayMs: number, run: () => void): () => void;
}
