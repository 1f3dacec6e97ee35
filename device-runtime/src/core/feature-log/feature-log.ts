import { FedgeError, errorCodeOf } from "@fedge/protocol";
import type { Clock } from "../ports/clock.js";
import type { ByteStore, StoreChange } from "../ports/storage.js";
import type { LogLimits } from "./log-limits.js";
import { decodeLogRow, encodeLogRow, type LogRow } from "./log-row.js";
import { NO_ROWS, decodeTotals, encodeTotals, minusRow, plusRow, type LogTotals } from "./log-totals.js";
import { firstIdAt } from "./prediction-ids.js";

/** Which rows are meant; a field that is missing does not restrict. */
export interface LogSelection {
  readonly ids?: readonly string[];
  readonly model?: string;
  /** Predictions of this time or later, UTC epoch milliseconds. */
  readonly fromMs?: number;
  /** Predictions before this time. */
  readonly untilMs?: number;
  readonly isLabelled?: boolean;
}

export interface LogQuery extends LogSelection {
  /** At most so many, the newest; 100 by default. */
  readonly limit?: number;
}

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
/** Rows are written together: one by one, each would cost a write to disk. */
const WRITE_EVERY_MS = 250;
const WRITE_AT_ROWS = 64;
const QUERY_LIMIT = 100;
/** So many rows are in memory at once while the log is read. */
const READ_AT_ONCE = 64;

interface Kept {
  readonly row: LogRow;
  /** As it lies in the store; 0 before it does. */
  readonly sizeBytes: number;
}

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
  #queue: Promise<unknown> = Promise.resolve();
  #cancelWrite: (() => void) | null = null;
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
    this.#unwritten.set(row.id, { row, sizeBytes: 0 });
    if (this.#unwritten.size >= WRITE_AT_ROWS) return this.#writeSoon(0);
    this.#writeSoon(WRITE_EVERY_MS);
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
        await this.#write();
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
      await this.#write();
      const erased: Kept[] = [];
      for await (const kept of this.#selected(selection)) erased.push(kept);
      await this.#commit([], erased);
      return erased.length;
    });
  }

  /** Everything appended is in the store when this resolves. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#write());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelWrite?.();
    await this.flush().catch(this.parts.onError);
  }

  #writeSoon(delayMs: number): void {
    if (delayMs === 0) {
      this.#cancelWrite?.();
      this.#cancelWrite = null;
      return void this.flush().catch(this.parts.onError);
    }
    this.#cancelWrite ??= this.parts.clock.after(delayMs, () => {
      this.#cancelWrite = null;
      this.flush().catch(this.parts.onError);
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
    return bytes === undefined ? undefined : { row: decodeLogRow(id, bytes), sizeBytes: bytes.byteLength };
  }

  /** A full disk makes room once by forgetting the oldest half; what does not fit then is lost, and said. */
  async #write(): Promise<void> {
    const rows = [...this.#unwritten.values()];
    if (rows.length === 0) return;
    try {
      await this.#commit(rows, []);
      // More at once than the limits leave room for.
      await this.#commit([], []);
    } catch (error) {
      if (errorCodeOf(error) !== "STORAGE_FULL" || this.#ids.length < 2) throw this.#lost(rows, error);
      const oldest = await this.#oldest(Math.ceil(this.#ids.length / 2));
      await this.#commit([], oldest);
      await this.#commit(rows, []).catch((again: unknown) => {
        throw this.#lost(rows, again);
      });
    }
  }

  /** What cannot be written must not fill the memory. */
  #lost(rows: readonly Kept[], error: unknown): unknown {
    for (const { row, sizeBytes } of rows) if (sizeBytes === 0) this.#unwritten.delete(row.id);
    return error;
  }

  async #commit(written: readonly Kept[], erased: readonly Kept[]): Promise<void> {
    let totals = this.#totals;
    const changes: StoreChange[] = [];
    for (const { row, sizeBytes } of written) {
      const bytes = encodeLogRow(row);
      if (sizeBytes > 0) totals = minusRow(totals, (await this.#stored(row.id)).row, sizeBytes);
      totals = plusRow(totals, row, bytes.byteLength);
      changes.push([ROWS + row.id, bytes]);
    }
    const evicted = [...erased, ...(await this.#outlived(totals, written, erased))];
    for (const { row, sizeBytes } of evicted) {
      totals = minusRow(totals, row, sizeBytes);
      changes.push([ROWS + row.id, null]);
    }
    if (changes.length === 0) return;
    await this.parts.store.write([...changes, [TOTALS, encodeTotals(totals)]]);
    this.#committed(totals, written, evicted);
  }

  #committed(totals: LogTotals, written: readonly Kept[], evicted: readonly Kept[]): void {
    this.#totals = totals;
    const gone = new Set(evicted.map(({ row }) => row.id));
    const fresh = written.filter(({ sizeBytes }) => sizeBytes === 0).map(({ row }) => row.id);
    this.#ids = [...this.#ids, ...fresh.sort()].filter((id) => !gone.has(id));
    for (const kept of written) {
      if (this.#unwritten.get(kept.row.id) === kept) this.#unwritten.delete(kept.row.id);
    }
    this.parts.onChange();
  }

  /** The oldest rows in the store that the limits leave no room for once the totals are these. */
  async #outlived(totals: LogTotals, written: readonly Kept[], erased: readonly Kept[]): Promise<Kept[]> {
    const { limits, clock } = this.parts;
    const untilId = firstIdAt(clock.nowMs() - limits.maxAgeMs);
    const busy = new Set([...written, ...erased].map(({ row }) => row.id));
    const outlived: Kept[] = [];
    let left = erased.reduce((sum, { row, sizeBytes }) => minusRow(sum, row, sizeBytes), totals);
    for (const id of this.#ids) {
      if (left.numRows <= limits.maxRows && left.sizeBytes <= limits.maxBytes && id >= untilId) break;
      if (busy.has(id)) continue;
      const kept = await this.#stored(id);
      left = minusRow(left, kept.row, kept.sizeBytes);
      outlived.push(kept);
    }
    return outlived;
  }

  async #oldest(numRows: number): Promise<Kept[]> {
    return Promise.all(this.#ids.slice(0, numRows).map((id) => this.#stored(id)));
  }

  /** A row that cannot be read stands for nothing: it must not keep others from being written or erased. */
  async #stored(id: string): Promise<Kept> {
    const bytes = (await this.parts.store.get(ROWS + id)) ?? new Uint8Array();
    try {
      return { row: decodeLogRow(id, bytes), sizeBytes: bytes.byteLength };
    } catch (error) {
      this.parts.onError(error);
      return { row: unreadableRow(id), sizeBytes: bytes.byteLength };
    }
  }

  async #countAnew(): Promise<LogTotals> {
    let totals = NO_ROWS;
    for await (const { row, sizeBytes } of this.#selected({})) totals = plusRow(totals, row, sizeBytes);
    return totals;
  }

  /** Newest first, as they were when it began. */
  async *#selected(selection: LogSelection): AsyncGenerator<Kept> {
    const unwritten = [...this.#unwritten.values()].filter(({ sizeBytes }) => sizeBytes === 0);
    const all = [...this.#ids, ...unwritten.map(({ row }) => row.id)].sort().reverse();
    const ids = all.filter((id) => isSelected(id, selection));
    for (let at = 0; at < ids.length; at += READ_AT_ONCE) {
      const block = ids.slice(at, at + READ_AT_ONCE);
      const kept = await Promise.all(block.map((id) => this.#unwritten.get(id) ?? this.#stored(id)));
      yield* kept.filter(({ row }) => matches(row, selection));
    }
  }
}

function isSelected(id: string, { ids, fromMs = 0, untilMs }: LogSelection): boolean {
  if (ids !== undefined && !ids.includes(id)) return false;
  return id >= firstIdAt(fromMs) && (untilMs === undefined || id < firstIdAt(untilMs));
}

function matches(row: LogRow, { model, isLabelled }: LogSelection): boolean {
  if (model !== undefined && row.model !== model) return false;
  return isLabelled === undefined || isLabelled === (row.label !== null);
}

function unreadableRow(id: string): LogRow {
  const nothing = { model: "", version: 0, inputs: {}, outputs: null, fields: {} };
  return { id, atMs: 0, ...nothing, label: null, labelledAtMs: null };
}
