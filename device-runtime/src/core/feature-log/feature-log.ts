import { FedgeError, errorCodeOf } from "@fedge/protocol";
import type { Clock } from "../ports/clock.js";
import { NO_CHANGE, type LogChange, type LoneWrite } from "./log-index.js";
import type { LogLimits } from "./log-limits.js";
import { LogRecords, type LogRecordsParts } from "./log-records.js";
import type { LogRow } from "./log-row.js";
import type { LogQuery, LogSelection } from "./log-selection.js";
import { MAX_SEGMENT_ROWS, type Segment } from "./log-segment.js";
import type { LogTotals } from "./log-totals.js";
import { firstIdAt } from "./prediction-ids.js";
import { dataBytesOf } from "./log-row.js";

export interface FeatureLogParts extends LogRecordsParts {
  readonly clock: Clock;
  readonly limits: LogLimits;
  /** What the rows are kept for; as it was kept before when it is not given. */
  readonly purpose?: string;
  /** Rows are going to be erased from which these models may be learning now; erasing waits for it. */
  readonly onErasing?: (models: readonly string[]) => Promise<void>;
}

/** A row, and where it lies. */
interface Found {
  readonly row: LogRow;
  /** Its own record; null when it has none. */
  readonly before: LoneWrite["before"];
  readonly isChanged: boolean;
  /** In one of which it is. */
  readonly segments: readonly Segment[];
}

/** Rows are written together: one by one, each would cost a write to disk and delay the request after it. */
const WRITE_EVERY_MS = 1000;
/** Of tensors that wait in memory. */
const WRITE_AT_BYTES = 4_000_000;
const QUERY_LIMIT = 100;

/**
 * What the device has predicted, noted and been told, on the device and nowhere else. Rows that are written together are
 * one segment; a row that changes gets a record of its own, which stands for the one in the segment.
 *
 * Invariants: (1) totals are written with the rows they count, so that a crash leaves both or neither; (2) ids ascend
 * with time, so the first is the oldest; (3) operations run one after the other; (4) no row in a segment is labelled.
 */
export class FeatureLog {
  readonly #records: LogRecords;
  /** Rows that the store has not got. */
  #unwritten = new Map<string, LogRow>();
  #unwrittenBytes = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #cancelWrite: (() => void) | null = null;
  #isWriting = false;
  #isClosed = false;

  constructor(private readonly parts: FeatureLogParts) {
    this.#records = new LogRecords(parts);
  }

  get totals(): LogTotals {
    return this.#records.totals;
  }

  /** What the rows are kept for, as the app has said; null when it never has. */
  get purpose(): string | null {
    return this.#records.purpose;
  }

  get lastId(): string | undefined {
    return this.#records.index.lastId;
  }

  /** Reads what is there. Throws STORAGE_FAILED. */
  async restore(): Promise<void> {
    await this.#records.restore(this.parts.purpose ?? null);
    // What has grown too old since. A disk that is full does not keep the device from starting.
    await this.#commit(NO_CHANGE).catch(this.parts.onError);
  }

  /** Remembers a prediction. It is in the store a moment later, or with the next `change` or `flush`. */
  append(row: LogRow): void {
    if (this.#isClosed) return;
    this.#unwritten.set(row.id, row);
    this.#unwrittenBytes += dataBytesOf(row);
    this.#writeSoon();
  }

  /** Changes one row; it is on disk when this resolves. Throws PREDICTION_UNKNOWN, STORAGE_FULL, STORAGE_FAILED. */
  change(id: string, to: (row: LogRow) => LogRow): Promise<void> {
    return this.#inTurn(async () => {
      const found = await this.#find(id);
      if (found === undefined) {
        throw new FedgeError(
          "PREDICTION_UNKNOWN",
          `prediction "${id}" is not in the feature log: it was erased, or is older than the log goes back`,
        );
      }
      const { loneWrite } = await import("../on-demand.js");
      const write = loneWrite(to(found.row), found.before, found.isChanged);
      // A change that cannot be kept is not made: whoever asked for it is told, and the rows wait for the next write.
      await this.#write({ isDurable: true }, { write, segments: found.segments });
    });
  }

  /** Newest first. */
  query({ limit = QUERY_LIMIT, ...selection }: LogQuery = {}): Promise<readonly LogRow[]> {
    return this.#inTurn(async () => {
      const found: LogRow[] = [];
      if (limit <= 0) return found;
      const { selectRows } = await import("../on-demand.js");
      for await (const row of selectRows(this.#rows, selection)) if (found.push(row) >= limit) break;
      return found;
    });
  }

  /** Erases the rows for good; all of them without a selection. Resolves with how many there were. */
  erase(selection: LogSelection = {}): Promise<number> {
    return this.#inTurn(async () => {
      if (Object.values(selection).every((restriction) => restriction === undefined)) return this.#eraseAll();
      const { eraseFrom } = await import("../on-demand.js");
      const onErasing = async (models: readonly string[]): Promise<void> => this.parts.onErasing?.(models);
      const numErased = await eraseFrom(this.#rows, selection, onErasing);
      await this.#write({ isDurable: false }).catch(this.parts.onError);
      return numErased;
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

  get #rows(): { readonly records: LogRecords; readonly unwritten: Map<string, LogRow> } {
    return { records: this.#records, unwritten: this.#unwritten };
  }

  /** What comes while a write is under way goes with the next: one for each row would cost more than the rows. */
  #writeSoon(): void {
    if (this.#isWriting || this.#isClosed) return;
    if (this.#unwritten.size >= MAX_SEGMENT_ROWS || this.#unwrittenBytes >= WRITE_AT_BYTES)
      return this.#writeNow();
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

  async #find(id: string): Promise<Found | undefined> {
    const unwritten = this.#unwritten.get(id);
    const alone = { before: null, isChanged: false, segments: [] };
    if (unwritten !== undefined) return { ...alone, row: unwritten };
    const { index } = this.#records;
    const segments = index.spanning(id);
    const lone = await this.#records.loneRow(id);
    if (lone !== undefined)
      return { row: lone.row, before: lone.measures, isChanged: index.isChanged(id), segments };
    for (const segment of segments) {
      const row = (await this.#records.segmentRows(segment)).find((each) => each.id === id);
      if (row !== undefined) return { row, before: null, isChanged: true, segments };
    }
    return undefined;
  }

  async #write(
    options: { readonly isDurable: boolean },
    changed: { readonly write: LoneWrite; readonly segments: readonly Segment[] } | null = null,
  ): Promise<void> {
    const rows = [...this.#unwritten.values()];
    if (rows.length === 0 && changed === null) return;
    const together = rows.filter(({ id }) => id !== changed?.write.id);
    const { draftOf } = await import("../on-demand.js");
    const draft = draftOf(together, this.parts.limits, this.#fromId());
    const change = changed === null ? draft : { ...draft, rows: [...draft.rows, changed.write] };
    try {
      await this.#commitWithRoom(change, options, changed?.segments);
    } catch (error) {
      // What cannot be written must not fill the memory.
      if (changed === null) this.#written(rows);
      throw error;
    }
    this.#written(rows);
    // What had to stay for the change, and the change itself when there is no room for it.
    await this.#commit(NO_CHANGE);
  }

  #written(rows: readonly LogRow[]): void {
    for (const { id } of rows) this.#unwritten.delete(id);
    this.#unwrittenBytes = [...this.#unwritten.values()].reduce((sum, row) => sum + dataBytesOf(row), 0);
  }

  /** A full disk makes room once by forgetting the oldest half; what does not fit then is lost, and said. */
  async #commitWithRoom(
    change: LogChange,
    options: { readonly isDurable: boolean },
    kept: readonly Segment[] = [],
  ): Promise<void> {
    try {
      await this.#commit(change, options, kept);
    } catch (error) {
      const { numRows } = this.totals;
      if (errorCodeOf(error) !== "STORAGE_FULL" || numRows < 2) throw error;
      const isEnough = (left: { readonly numRows: number }): boolean => left.numRows <= numRows / 2;
      const writes = new Set(change.rows.map(({ id }) => id));
      const { withEvictions } = await import("../on-demand.js");
      const half = await withEvictions({ records: this.#records, change: NO_CHANGE, kept, isEnough, writes });
      await this.#records.commit(half);
      await this.#commit(change, options, kept);
    }
  }

  /** With what the limits leave no room for then. */
  async #commit(
    change: LogChange,
    options = { isDurable: true },
    kept: readonly Segment[] = [],
  ): Promise<void> {
    const { maxRows, maxBytes } = this.parts.limits;
    const fromId = this.#fromId();
    const { numRows: numAfter, sizeBytes: sizeAfter } = this.#records.totalsAfter(change);
    const oldestId = this.#records.index.firstId ?? fromId;
    const isRoom = numAfter <= maxRows && sizeAfter <= maxBytes && oldestId >= fromId;
    // A start that has nothing to let go fetches nothing for it.
    if (isRoom) return change === NO_CHANGE ? undefined : this.#records.commit(change, options);
    const { withEvictions } = await import("../on-demand.js");
    const writes = new Set(change.rows.map(({ id }) => id));
    const whole = await withEvictions({
      ...{ records: this.#records, change, kept, writes },
      isEnough: ({ numRows, sizeBytes }, firstId) =>
        numRows <= maxRows && sizeBytes <= maxBytes && firstId >= fromId,
    });
    if (Object.values(whole).some(({ length }) => length > 0)) await this.#records.commit(whole, options);
  }

  /** Rows before it are too old. */
  #fromId(): string {
    return firstIdAt(this.parts.clock.nowMs() - this.parts.limits.maxAgeMs);
  }

  /** Here, not on demand: whatever cannot be fetched does not keep a person's data. */
  async #eraseAll(): Promise<number> {
    const { numRows, numExamples } = this.totals;
    await this.parts.onErasing?.(Object.keys(numExamples));
    const unwritten = [...this.#unwritten.values()];
    await this.#records.clear();
    this.#written(unwritten);
    return numRows + unwritten.length;
  }
}
