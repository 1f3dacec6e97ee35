/** Time as the aggregator's core sees it. Tests and the simulator own it. */
export interface Clock {
  /** UTC epoch milliseconds, for records that people read; never compared across machines. */
  nowMs(): number;
  /** Calls `run` once after at least `delayMs`; the returned function cancels and is idempotent. */
  after(delayMs: number, run: () => void): () => void;
}
