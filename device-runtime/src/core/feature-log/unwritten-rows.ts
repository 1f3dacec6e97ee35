import type { LogRow } from "./log-row.js";
import { dataBytesOf } from "./row-sizes.js";

/** Rows that the store has not got, by id. */
export class UnwrittenRows {
  readonly #rows = new Map<string, LogRow>();
  #dataBytes = 0;

  get byId(): ReadonlyMap<string, LogRow> {
    return this.#rows;
  }

  /** Of tensors. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  add(row: LogRow): void {
    this.#rows.set(row.id, row);
    this.#dataBytes += dataBytesOf(row);
  }

  delete(rows: readonly LogRow[]): void {
    for (const row of rows) if (this.#rows.delete(row.id)) this.#dataBytes -= dataBytesOf(row);
  }
}
