import { deviceClosed } from "../device-closed.js";
import type { Clock } from "../ports/clock.js";
import { NO_ROWS, encodeHead, type LogTotals } from "./log-head.js";
import { HEAD, LOG, MAX_SEGMENT_ROWS } from "./log-keys.js";
import type { LogLimits } from "./log-limits.js";
import type { LogRecordsParts } from "./log-records.js";
import type { LogRow } from "./log-row.js";
import type { LogQuery, LogSelection } from "./log-selection.js";
import { emptyStart, readStart } from "./log-start.js";
import type { OpenLog } from "./open-log.js";
import { firstIdAt, timeOfPrediction } from "./prediction-ids.js";
import { UnwrittenRows } from "./unwritten-rows.js";
import { isPlainObject } from "./plain-object.js";
import { loadOnDemand } from "../load-on-demand.js";

export interface FeatureLogParts extends LogRecordsParts {
  readonly clock: Clock;
  readonly limits: LogLimits;
  /** What the rows are kept for; as it was kept before when it is not given. */
  readonly purpose?: string;
  /** Rows are going to be erased from which these models may be learning now; erasing waits for it. */
  readonly onErasing?: (models: readonly string[]) => Promise<void>;
}

/** Rows are written together: one by one, each would cost a write to disk and delay the request after it. */
const WRITE_EVERY_MS = 1000;
/**
 * Of tensors that wait: a few segments'. A write for each would cost the browser, on the same cores, more than the rows;
 * more at once would block a page longer.
 */
const WRITE_AT_BYTES = 176_000;
const WRITE_AT_ROWS = 3 * MAX_SEGMENT_ROWS;
/** What was not let go when it became too old, as on a disk that fails, is tried again. */
const EVICT_AGAIN_MS = 10_000;

/**
 * What the device has predicted, noted and been told, on the device and nowhere else. Here is what a start and a
 * prediction need; the rest is fetched when there is something to write or to read.
 *
 * Invariants: (1) totals are written with the rows they count, so that a crash leaves both or neither; (2) ids ascend
 * with time, so the first is the oldest; (3) operations run one after the other; (4) no row in a segment is labelled or explained.
 */
export class FeatureLog {
  readonly #unwritten = new UnwrittenRows();
  #start = emptyStart(null);
  #open: OpenLog | null = null;
  #queue: Promise<unknown> = Promise.resolve();
  #cancelWrite: (() => void) | null = null;
  #cancelEviction: (() => void) | undefined;
  #isWriting = false;
  #isClosed = false;

  constructor(private readonly parts: FeatureLogParts) {}

  get totals(): LogTotals {
    return this.#open?.totals ?? this.#start.totals;
  }

  /** What a query can find, with what waits to be written. */
  get numRows(): number {
    return Math.floor(Math.min(this.parts.limits.maxRows, this.totals.numRows + this.#unwritten.byId.size));
  }

  /** What the rows are kept for, as the app has said; null when it never has. */
  get purpose(): string | null {
    return this.#start.purpose;
  }

  /** Of the newest row that was there at the start. */
  get lastId(): string | undefined {
    return this.#start.lastId;
  }

  /** Reads what is there. Throws STORAGE_FAILED. */
  async restore(): Promise<void> {
    const { store, purpose, limits, clock, onError } = this.parts;
    this.#start = await readStart(store, purpose);
    const { totals, numRows, firstId = "~", isHeadKept } = this.#start;
    const { maxRows, maxBytes, maxAgeMs } = limits;
    const isRoom = numRows <= maxRows && totals.sizeBytes <= maxBytes;
    const isYoung = firstId >= firstIdAt(clock.nowMs() - maxAgeMs);
    // What has to go is tried again with the next write: neither a full disk nor a lost network keeps a device from starting.
    if (totals.numRows !== numRows || !isHeadKept || !isRoom || !isYoung) await this.#opened().catch(onError);
    this.#evictInTime();
  }

  /** Remembers a prediction. It is in the store a moment later, or with the next `change` or `flush`. */
  append(row: LogRow): void {
    if (this.#isClosed) return;
    this.#unwritten.add(row);
    if (!this.#isWriting) this.#writeInASecond();
  }

  /** Writes what waits when that is enough; for a moment in which nobody waits for this thread. */
  writeIfEnough(): void {
    if (this.#cancelWrite !== null) this.#writeSoon();
  }

  /** Changes one row; it is on disk when this resolves. Throws PREDICTION_UNKNOWN, STORAGE_FULL, STORAGE_FAILED, CLOSED. */
  change(id: string, to: (row: LogRow) => LogRow): Promise<void> {
    return this.#whileOpen(async () => (await this.#opened()).change(id, to));
  }

  /** As `change`, but that nobody waits for the disk: what waits to be written goes on waiting, and a crash may undo it. */
  amend(id: string, to: (row: LogRow) => LogRow): Promise<void> {
    return this.#whileOpen(async () => (await this.#opened()).amend(id, to));
  }

  /** Newest first. Throws OPTION_INVALID, STORAGE_FAILED, CLOSED. */
  query(query: LogQuery = {}): Promise<readonly LogRow[]> {
    return this.#whileOpen(async () => (await this.#opened()).query(query));
  }

  /**
   * Erases the rows for good; all of them without a selection. Resolves with how many there were. Throws as `query`, and
   * STORAGE_FULL.
   */
  erase(selection: LogSelection = {}): Promise<number> {
    // Neither a list nor what only inherits or hides its fields is plain: a plain object without any means all.
    const isPlain = isPlainObject(selection);
    // As it is now: the caller may change it before the code is there.
    const meant = isPlain ? { ...selection } : selection;
    const isAll = isPlain && !Object.keys(meant).length;
    return this.#whileOpen(async () => (isAll ? this.#eraseAll() : (await this.#opened()).erase(meant)));
  }

  /** Everything appended is in the store when this resolves, but for what `onError` was told is lost. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#write());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelWrite?.();
    await this.flush().catch(this.parts.onError);
  }

  /** What comes while a write is under way goes with the next: one for each row would cost more than the rows. */
  #writeSoon(): void {
    if (this.#isWriting || this.#isClosed) return;
    const { byId, dataBytes } = this.#unwritten;
    if (byId.size >= WRITE_AT_ROWS || dataBytes >= WRITE_AT_BYTES) return this.#writeNow();
    this.#writeInASecond();
  }

  #writeInASecond(): void {
    this.#cancelWrite ??= this.parts.clock.after(WRITE_EVERY_MS, () => this.#writeNow());
  }

  #writeNow(): void {
    this.#cancelWrite?.();
    this.#cancelWrite = null;
    this.#isWriting = true;
    const written = this.flush().catch(this.parts.onError);
    void written.finally(() => {
      this.#isWriting = false;
      if (this.#unwritten.byId.size > 0) this.#writeSoon();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined).then(() => this.#evictInTime());
    return done;
  }

  #whileOpen<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#isClosed) return this.#inTurn(work);
    return Promise.reject(deviceClosed());
  }

  /** Rows grow too old while nothing is predicted, too. */
  #evictInTime(): void {
    this.#cancelEviction?.();
    const { firstId } = this.#open ?? this.#start;
    const { clock, limits, onError } = this.parts;
    if (this.#isClosed || firstId === undefined || limits.maxAgeMs === Infinity) return;
    const leftMs = timeOfPrediction(firstId) + limits.maxAgeMs + 1 - clock.nowMs();
    this.#cancelEviction = clock.after(leftMs > 0 ? leftMs : EVICT_AGAIN_MS, () => {
      this.#inTurn(async () => (await this.#opened()).makeRoom()).catch(onError);
    });
  }

  async #write(): Promise<void> {
    const rows = [...this.#unwritten.byId.values()];
    if (rows.length === 0) return;
    try {
      await (await this.#opened()).write();
    } catch (error) {
      // What cannot be written must not fill the memory.
      this.#unwritten.delete(rows);
      throw error;
    }
  }

  async #opened(): Promise<OpenLog> {
    const { openLog } = await loadOnDemand();
    return (this.#open ??= await openLog(this.parts, this.#start, this.#unwritten));
  }

  /** Here, not on demand: whatever cannot be fetched does not keep a person's data. */
  async #eraseAll(): Promise<number> {
    const { store, onErasing, onChange } = this.parts;
    const { numRows, numExamples } = this.totals;
    await onErasing?.(Object.keys(numExamples));
    const waiting = [...this.#unwritten.byId.values()];
    const { purpose } = this.#start;
    const gone = (await store.keys(LOG)).filter((key) => key !== HEAD).map((key) => [key, null] as const);
    await store.write([...gone, [HEAD, encodeHead({ totals: NO_ROWS, purpose })]]);
    this.#start = emptyStart(purpose);
    this.#open = null;
    this.#unwritten.delete(waiting);
    onChange();
    return numRows + waiting.length;
  }
}
