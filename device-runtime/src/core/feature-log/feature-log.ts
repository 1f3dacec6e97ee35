import { FedgeError, errorCodeOf } from "@fedge/protocol";
import type { Clock } from "../ports/clock.js";
import type { ByteStore, StoreChange } from "../ports/storage.js";
import type { Commit, Kept, Stored } from "./log-commit.js";
import type { LogLimits } from "./log-limits.js";
import { decodeLogRow, encodeLogRow, unreadableRow, type LogRow } from "./log-row.js";
import { isSelected, matches, type LogQuery, type LogSelection } from "./log-selection.js";
import {
  NO_ROWS,
  decodeTotals,
  encodeTotals,
  measuresOf,
  minusRow,
  plusRow,
  type LogTotals,
  type RowMeasures,
} from "./log-totals.js";
import { firstIdAt } from "./prediction-ids.js";

export interface FeatureLogParts {
  readonly store: ByteStore;
  readonly clock: Clock;
  readonly limits: LogLimits;
  /** Told when the totals have changed. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

const ROWS = "log/rows/";
const TOTALS = "log/totals";
/** Rows are written together: one by one, each would cost a write to disk and delay the request after it. */
const WRITE_EVERY_MS = 1000;
const WRITE_AT_ROWS = 128;
const QUERY_LIMIT = 100;
/** So many rows are in memory at once while the log is read. */
const READ_AT_ONCE = 64;

/**
 * What the device has predicted, noted and been told, on the device and nowhere else.
 *
 * Invariants: (1) totals are written with the rows they count, so that a crash leaves both or neither; (2) ids ascend
 * with time, so the first is the oldest; (3) operations run one after the other.
 */
export class FeatureLog {
  #totals = NO_ROWS;
  /** Of all rows in the store, ascending. */
  #ids: string[] = [];
  /** Rows that the store has not got, or not as they are now. */
  #unwritten = new Map<string, Kept>();
  /** Of rows that were written or read since the start: forgetting the oldest need not read them. */
  readonly #measures = new Map<string, RowMeasures>();
  #queue: Promise<unknown> = Promise.resolve();
  #cancelWrite: (() => void) | null = null;
  #isWriting = false;
  #isClosed = false;

  constructor(private readonly parts: FeatureLogParts) {}

  get totals(): LogTotals {
    return this.#totals;
  }

  get lastId(): string | undefined {
    return this.#ids.at(-1);
  }

  /** Reads what is there. Throws STORAGE_FAILED. */
  async restore(): Promise<void> {
    const { store } = this.parts;
    this.#ids = (await store.keys(ROWS)).map((key) => key.slice(ROWS.length));
    const totals = decodeTotals(await store.get(TOTALS));
    this.#totals = totals?.numRows === this.#ids.length ? totals : await this.#countAnew();
    // What has grown too old since.
    await this.#commit([], []);
  }

  /** Remembers a prediction. It is in the store a moment later, or with the next `change` or `flush`. */
  append(row: LogRow): void {
    if (this.#isClosed) return;
    this.#unwritten.set(row.id, { row, stored: null });
    this.#writeSoon();
  }

  /** Changes one row; it is on disk when this resolves. Throws PREDICTION_UNKNOWN, STORAGE_FULL, STORAGE_FAILED. */
  change(id: string, to: (row: LogRow) => LogRow): Promise<void> {
    return this.#inTurn(async () => {
      const kept = await this.#find(id);
      if (kept === undefined) {
        throw new FedgeError(
          "PREDICTION_UNKNOWN",
          `prediction "${id}" is not in the feature log: it was erased, or is older than the log goes back`,
        );
      }
      // A change that cannot be kept is not made: whoever asked for it is told.
      const before = this.#unwritten.get(id);
      this.#unwritten.set(id, { ...kept, row: to(kept.row) });
      try {
        await this.#write({ isDurable: true });
      } catch (error) {
        if (before === undefined) this.#unwritten.delete(id);
        else this.#unwritten.set(id, before);
        throw error;
      }
    });
  }

  /** Newest first. */
  query({ limit = QUERY_LIMIT, ...selection }: LogQuery = {}): Promise<readonly LogRow[]> {
    return this.#inTurn(async () => {
      const found: LogRow[] = [];
      for await (const { row } of this.#selected(selection)) {
        if (found.length >= limit) break;
        found.push(row);
      }
      return found;
    });
  }

  /** Erases the rows for good; all of them without a selection. Resolves with how many there were. */
  erase(selection: LogSelection = {}): Promise<number> {
    return this.#inTurn(async () => {
      await this.#write({ isDurable: false });
      const erased: Kept[] = [];
      for await (const kept of this.#selected(selection)) erased.push(kept);
      await this.#commit([], erased);
      return erased.length;
    });
  }

  /** Everything appended is in the store when this resolves. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#write({ isDurable: false }));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelWrite?.();
    await this.flush().catch(this.parts.onError);
  }

  /** What comes while a write is under way goes with the next: one for each row would cost more than the rows. */
  #writeSoon(): void {
    if (this.#isWriting || this.#isClosed) return;
    if (this.#unwritten.size >= WRITE_AT_ROWS) return this.#writeNow();
    this.#cancelWrite ??= this.parts.clock.after(WRITE_EVERY_MS, () => this.#writeNow());
  }

  #writeNow(): void {
    this.#cancelWrite?.();
    this.#cancelWrite = null;
    this.#isWriting = true;
    const written = this.flush().catch(this.parts.onError);
    void written.finally(() => {
      this.#isWriting = false;
      if (this.#unwritten.size > 0) this.#writeSoon();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #find(id: string): Promise<Kept | undefined> {
    const unwritten = this.#unwritten.get(id);
    if (unwritten !== undefined) return unwritten;
    const bytes = await this.parts.store.get(ROWS + id);
    if (bytes === undefined) return undefined;
    const row = decodeLogRow(id, bytes);
    return { row, stored: measuresOf(row, bytes.byteLength) };
  }

  /** A full disk makes room once by forgetting the oldest half; what does not fit then is lost, and said. */
  async #write(options: { readonly isDurable: boolean }): Promise<void> {
    const rows = [...this.#unwritten.values()];
    if (rows.length === 0) return;
    try {
      await this.#commit(rows, [], options);
      // More at once than the limits leave room for.
      await this.#commit([], []);
    } catch (error) {
      if (errorCodeOf(error) !== "STORAGE_FULL" || this.#ids.length < 2) throw this.#lost(rows, error);
      const oldest = await this.#oldest(Math.ceil(this.#ids.length / 2));
      await this.#commit([], oldest);
      await this.#commit(rows, [], options).catch((again: unknown) => {
        throw this.#lost(rows, again);
      });
    }
  }

  /** What cannot be written must not fill the memory. */
  #lost(rows: readonly Kept[], error: unknown): unknown {
    for (const { row, stored } of rows) if (stored === null) this.#unwritten.delete(row.id);
    return error;
  }

  async #commit(
    written: readonly Kept[],
    erased: readonly Kept[],
    options = { isDurable: true },
  ): Promise<void> {
    let totals = this.#totals;
    const changes: StoreChange[] = [];
    const measured = new Map<string, RowMeasures>();
    for (const { row, stored } of written) {
      const bytes = encodeLogRow(row);
      const measures = measuresOf(row, bytes.byteLength);
      totals = plusRow(stored === null ? totals : minusRow(totals, stored), measures);
      measured.set(row.id, measures);
      changes.push([ROWS + row.id, bytes]);
    }
    const gone = new Map<string, RowMeasures>();
    for (const { row, stored } of erased) if (stored !== null) gone.set(row.id, stored);
    await this.#evict(totals, { measured, gone });
    for (const [id, measures] of gone) {
      totals = minusRow(totals, measures);
      changes.push([ROWS + id, null]);
    }
    if (changes.length === 0) return;
    await this.parts.store.write([...changes, [TOTALS, encodeTotals(totals)]], options);
    this.#committed(totals, written, { measured, gone });
  }

  #committed(totals: LogTotals, written: readonly Kept[], { measured, gone }: Commit): void {
    this.#totals = totals;
    const fresh = written.filter(({ stored }) => stored === null).map(({ row }) => row.id);
    this.#ids.push(...fresh.sort());
    if (gone.size > 0) this.#ids = this.#ids.filter((id) => !gone.has(id));
    for (const [id, measures] of measured) this.#measures.set(id, measures);
    for (const id of gone.keys()) this.#measures.delete(id);
    for (const kept of written) {
      if (this.#unwritten.get(kept.row.id) === kept) this.#unwritten.delete(kept.row.id);
    }
    this.parts.onChange();
  }

  /** Adds to what goes the oldest rows in the store that the limits leave no room for once the totals are these. */
  async #evict(totals: LogTotals, { measured, gone }: Commit): Promise<void> {
    const { limits, clock } = this.parts;
    const untilId = firstIdAt(clock.nowMs() - limits.maxAgeMs);
    let left = [...gone.values()].reduce(minusRow, totals);
    for (const id of this.#ids) {
      if (left.numRows <= limits.maxRows && left.sizeBytes <= limits.maxBytes && id >= untilId) break;
      if (measured.has(id) || gone.has(id)) continue;
      const measures = this.#measures.get(id) ?? (await this.#stored(id)).stored;
      left = minusRow(left, measures);
      gone.set(id, measures);
    }
  }

  async #oldest(numRows: number): Promise<Stored[]> {
    return Promise.all(this.#ids.slice(0, numRows).map((id) => this.#stored(id)));
  }

  /** A row that cannot be read stands for nothing: it must not keep others from being written or erased. */
  async #stored(id: string): Promise<Stored> {
    const bytes = (await this.parts.store.get(ROWS + id)) ?? new Uint8Array();
    try {
      const row = decodeLogRow(id, bytes);
      return { row, stored: measuresOf(row, bytes.byteLength) };
    } catch (error) {
      this.parts.onError(error);
      const row = unreadableRow(id);
      return { row, stored: measuresOf(row, bytes.byteLength) };
    }
  }

  async #countAnew(): Promise<LogTotals> {
    let totals = NO_ROWS;
    for await (const { stored } of this.#selected({}))
      totals = stored === null ? totals : plusRow(totals, stored);
    return totals;
  }

  /** Newest first, as they were when it began. */
  async *#selected(selection: LogSelection): AsyncGenerator<Kept> {
    const unwritten = [...this.#unwritten.values()].filter(({ stored }) => stored === null);
    const all = [...this.#ids, ...unwritten.map(({ row }) => row.id)].sort().reverse();
    const ids = all.filter((id) => isSelected(id, selection));
    for (let at = 0; at < ids.length; at += READ_AT_ONCE) {
      const block = ids.slice(at, at + READ_AT_ONCE);
      const kept = await Promise.all(block.map((id) => this.#unwritten.get(id) ?? this.#stored(id)));
      yield* kept.filter(({ row }) => matches(row, selection));
    }
  }
}
