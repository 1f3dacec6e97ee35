import type { LogRow } from "./log-row.js";
import { dataBytesOf } from "./row-sizes.js";

/** Rows that the store has not got, by id. */
export class UnwrittenRows {
  readonly #rows = new Map<string, LogRow>();
  /** Not counted yet: whoever waits for an answer need not wait for that. */
  #added: LogRow[] = [];
  #dataBytes = 0;

  get byId(): ReadonlyMap<string, LogRow> {
    this.#count();
    return this.#rows;
  }

  /** Of tensors. */
  get dataBytes(): number {
    this.#count();
    return this.#dataBytes;
  }

  add(row: LogRow): void {
    this.#added.push(row);
  }

  delete(rows: readonly LogRow[]): void {
    this.#count();
    for (const row of rows) if (this.#rows.delete(row.id)) this.#dataBytes -= dataBytesOf(row);
  }

  #count(): void {
    if (this.#added.length === 0) return;
    for (const row of this.#added) {
      this.#rows.set(row.id, row);
      this.#dataBytes += dataBytesOf(row);
    }
    this.#added = [];
  }
}
