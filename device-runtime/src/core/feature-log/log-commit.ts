import type { LogRow } from "./log-row.js";
import type { RowMeasures } from "./log-totals.js";

/** A row, and what the store has of it. */
export interface Kept {
  readonly row: LogRow;
  /** As it lies in the store; null before it does. */
  readonly stored: RowMeasures | null;
}

export interface Stored extends Kept {
  readonly stored: RowMeasures;
}

/** What one write adds or changes, and what it takes away, by id. */
export interface Commit {
  readonly measured: ReadonlyMap<string, RowMeasures>;
  readonly gone: Map<string, RowMeasures>;
}
