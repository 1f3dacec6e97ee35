import type { SumKey } from "./window-key.js";

/** What is to be added to a stored sum, modulo 2^32. */
export interface SumDelta {
  readonly key: SumKey;
  readonly vector: Uint32Array;
}

/**
 * Adds vectors of devices modulo 2^32. In the clear today; secure aggregation takes masked vectors at the same place, of
 * which only the sum of a whole group means anything.
 */
export interface SummingPort {
  /** Adds one device's vector to a sum. Throws VECTOR_LAYOUT_MISMATCH for one of another size than the sum's. */
  sum(key: SumKey, vector: Uint32Array): void;
  /** What was added since the last call, for the store; begins anew. */
  drain(): SumDelta[];
}
