import { FedgeError, errorCodeOf } from "@fedge/protocol";
import { checkQuery, checkSelection } from "./check-selection.js";
import { eraseFrom } from "./erase-rows.js";
import type { FeatureLogParts } from "./feature-log.js";
import { draftOf, loneWrite } from "./log-draft.js";
import { withEvictions } from "./log-eviction.js";
import type { LogTotals } from "./log-head.js";
import { NO_CHANGE, type LogChange, type LoneWrite } from "./log-index.js";
import type { Segment } from "./log-keys.js";
import { LogRecords } from "./log-records.js";
import type { LogRow } from "./log-row.js";
import type { LogQuery, LogSelection } from "./log-selection.js";
import type { LogStart } from "./log-start.js";
import { firstIdAt } from "./prediction-ids.js";
import { selectRows } from "./select-rows.js";
import type { UnwrittenRows } from "./unwritten-rows.js";

const QUERY_LIMIT = 100;
/** What a row that waits may take in the store beside its tensors; of more it is only written sooner. */
const ROW_BYTES = 256;

/** A row, and where it lies. */
interface Found {
  readonly row: LogRow;
  /** Its own record; null when it has none. */
  readonly before: LoneWrite["before"];
  readonly isChanged: boolean;
  /** In one of which it is. */
  readonly segments: readonly Segment[];
}

interface CommitOptions {
  readonly isDurable: boolean;
  /** Called as soon as the change is in the totals. */
  readonly written?: () => void;
}

/** The log with an index of what a start found. Throws STORAGE_FAILED. */
export async function openLog(
  parts: FeatureLogParts,
  start: LogStart,
  unwritten: UnwrittenRows,
): Promise<OpenLog> {
  const records = new LogRecords(parts, start);
  await records.settle();
  const log = new OpenLog(parts, records, unwritten);
  await log.makeRoom();
  return log;
}

/**
 * What is done with the rows of a log. Rows that are written together are one segment; a row that changes gets a record
 * of its own, which stands for the one in the segment. Whoever asks does so one after the other.
 */
export class OpenLog {
  constructor(
    private readonly parts: FeatureLogParts,
    private readonly records: LogRecords,
    private readonly unwritten: UnwrittenRows,
  ) {}

  get totals(): LogTotals {
    return this.records.totals;
  }

  /** Of the oldest row in the store. */
  get firstId(): string | undefined {
    return this.records.index.firstId;
  }

  /** As FeatureLog has it. */
  async change(id: string, to: (row: LogRow) => LogRow, isDurable = true): Promise<void> {
    const found = await this.#find(id);
    if (found === undefined) {
      throw new FedgeError(
        "PREDICTION_UNKNOWN",
        `prediction "${id}" is not in the feature log: it was erased, or is older than the log goes back`,
      );
    }
    const row = to(found.row);
    // Nothing new, and nobody who waits until it is kept.
    if (row === found.row && !isDurable) return;
    const write = loneWrite(row, found.before, found.isChanged);
    // A change that cannot be kept is not made: whoever asked for it is told, and the rows wait for the next write.
    await this.write({ isDurable }, { write, segments: found.segments });
  }

  /** As FeatureLog has it. */
  async amend(id: string, to: (row: LogRow) => LogRow): Promise<void> {
    const waiting = this.unwritten.byId.get(id);
    if (waiting === undefined) return this.change(id, to, false);
    const row = to(waiting);
    this.unwritten.delete([waiting]);
    this.unwritten.add(row);
  }

  /** Newest first, and none for which the limits leave no room. */
  async query(query: LogQuery): Promise<readonly LogRow[]> {
    checkQuery(query);
    const { limit = QUERY_LIMIT, fromMs = 0, ...selection } = query;
    const found: LogRow[] = [];
    if (limit === 0) return found;
    await this.#keepLimits();
    const source = { records: this.records, unwritten: this.unwritten.byId };
    // What could not be let go is not shown, either.
    const meant = { ...selection, fromMs: Math.max(fromMs, this.#fromMs()) };
    for await (const row of selectRows(source, meant)) if (found.push(row) >= limit) break;
    return found;
  }

  /** Resolves with how many rows there were. */
  async erase(selection: LogSelection): Promise<number> {
    checkSelection(selection);
    const onErasing = async (models: readonly string[]): Promise<void> => this.parts.onErasing?.(models);
    const numErased = await eraseFrom(
      { records: this.records, unwritten: this.unwritten },
      selection,
      onErasing,
    );
    // Whatever is left counts; when that fails it waits for the next write.
    await this.write().catch(this.parts.onError);
    // Of rows that were never written the store knows nothing.
    this.parts.onChange();
    return numErased;
  }

  /** Writes the rows that wait, and with them the one that has changed. */
  async write(
    options = { isDurable: false },
    changed: { readonly write: LoneWrite; readonly segments: readonly Segment[] } | null = null,
  ): Promise<void> {
    const rows = [...this.unwritten.byId.values()];
    const together = rows.filter(({ id }) => id !== changed?.write.id);
    const draft = draftOf(together, this.parts.limits, this.#fromId());
    const change = changed === null ? draft : { ...draft, rows: [...draft.rows, changed.write] };
    const written = (): void => this.unwritten.delete(rows);
    await this.#commitWithRoom(change, { ...options, written }, changed?.segments);
    written();
    await this.makeRoom();
  }

  /**
   * Lets go what the limits leave no room for: what has grown too old, what had to stay for a change, and the change
   * itself when it is too large. A disk on which that fails is no reason to undo what was written.
   */
  async makeRoom(): Promise<void> {
    await this.#commit(NO_CHANGE).catch(this.parts.onError);
  }

  /** Rows that wait count as those in the store do: more than the limits allow are written, which lets the oldest go. */
  async #keepLimits(): Promise<void> {
    const { maxRows, maxBytes } = this.parts.limits;
    const { numRows, sizeBytes } = this.totals;
    const { byId, dataBytes } = this.unwritten;
    const waiting = [...byId.values()];
    const isRoom =
      numRows + byId.size <= maxRows && sizeBytes + dataBytes + ROW_BYTES * byId.size <= maxBytes;
    if (isRoom || byId.size === 0) return this.makeRoom();
    await this.write().catch((error: unknown) => {
      this.unwritten.delete(waiting);
      this.parts.onError(error);
    });
  }

  async #find(id: string): Promise<Found | undefined> {
    const row = this.unwritten.byId.get(id);
    if (row !== undefined) return { row, before: null, isChanged: false, segments: [] };
    const { index } = this.records;
    const segments = index.spanning(id);
    const lone = await this.records.loneRow(id);
    if (lone !== undefined)
      return { row: lone.row, before: lone.measures, isChanged: index.isChanged(id), segments };
    for (const segment of segments) {
      const kept = (await this.records.segmentRows(segment)).find((each) => each.id === id);
      if (kept !== undefined) return { row: kept, before: null, isChanged: true, segments };
    }
    return undefined;
  }

  /** A full disk makes room once by forgetting the oldest half; what does not fit then is lost, and said. */
  async #commitWithRoom(
    change: LogChange,
    options: CommitOptions,
    kept: readonly Segment[] = [],
  ): Promise<void> {
    try {
      await this.#commit(change, options, kept);
    } catch (error) {
      const { numRows } = this.totals;
      if (errorCodeOf(error) !== "STORAGE_FULL" || numRows < 2) throw error;
      const isEnough = (left: { readonly numRows: number }): boolean => left.numRows <= numRows / 2;
      const writes = new Set(change.rows.map(({ id }) => id));
      const half = await withEvictions({ records: this.records, change: NO_CHANGE, kept, isEnough, writes });
      await this.records.commit(half);
      await this.#commit(change, options, kept);
    }
  }

  /** With what the limits leave no room for then. */
  async #commit(
    change: LogChange,
    { isDurable, written }: CommitOptions = { isDurable: true },
    kept: readonly Segment[] = [],
  ): Promise<void> {
    const { maxRows, maxBytes } = this.parts.limits;
    const fromId = this.#fromId();
    const whole = await withEvictions({
      ...{ records: this.records, change, kept, writes: new Set(change.rows.map(({ id }) => id)) },
      isEnough: ({ numRows, sizeBytes }, firstId) =>
        numRows <= maxRows && sizeBytes <= maxBytes && firstId >= fromId,
    });
    if (Object.values(whole).some(({ length }) => length > 0))
      await this.records.commit(whole, { isDurable }, written);
  }

  /** Rows before it are too old. */
  #fromId(): string {
    return firstIdAt(this.#fromMs());
  }

  #fromMs(): number {
    return this.parts.clock.nowMs() - this.parts.limits.maxAgeMs;
  }
}
