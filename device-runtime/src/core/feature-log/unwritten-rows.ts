import type { LogRow } from "./log-row.js";
import { dataBytesOf } from "./row-sizes.js";
import type { TensorCopies } from "./tensor-copies.js";

/** Rows that the store has not got, by id. Their memory is used again once they are deleted: whoever keeps one copies it. */
export class UnwrittenRows {
  readonly #rows = new Map<string, LogRow>();
  /** Not counted yet: whoever waits for an answer need not wait for that. */
  #added: LogRow[] = [];
  #dataBytes = 0;

  constructor(private readonly copies: TensorCopies) {}

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
    for (const row of rows) {
      if (!this.#rows.delete(row.id)) continue;
      this.#dataBytes -= dataBytesOf(row);
      this.copies.release(row.inputs);
      this.copies.release(row.outputs ?? {});
    }
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
