import { ownValue } from "@fedge/protocol";
import type { ByteStore } from "../ports/storage.js";
import { encodeHead, type LogTotals } from "./log-head.js";
import { LogIndex, type LogChange } from "./log-index.js";
import { decodeLogRow, unreadableRow, type LogRow } from "./log-row.js";
import { HEAD, keyOfRow, keyOfSegment, type Segment } from "./log-keys.js";
import type { LogStart } from "./log-start.js";
import { measuresOf, totalsAfter, type RowMeasures } from "./log-totals.js";
import { decodeSegment } from "./segment-codec.js";

export interface LogRecordsParts {
  readonly store: ByteStore;
  /** Told when the totals have changed. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

/** A row with a record of its own. */
export interface LoneRow {
  readonly row: LogRow;
  readonly measures: RowMeasures;
}

/**
 * The log in the store: segments, single rows and the head, which has the totals and is written with whatever
 * changes them. What is known of it in memory is changed after the store has changed.
 */
export class LogRecords {
  readonly index: LogIndex;
  /** Keys of values that cannot be decoded, of which that was told. */
  readonly #damaged = new Set<string>();
  #totals: LogTotals;

  constructor(
    private readonly parts: LogRecordsParts,
    private readonly start: LogStart,
  ) {
    this.index = new LogIndex(start.keys);
    this.#totals = start.totals;
  }

  get totals(): LogTotals {
    return this.#totals;
  }

  /** Counts anew what a start did not find counted rightly, and keeps what the log is for. Throws STORAGE_FAILED. */
  async settle(): Promise<void> {
    const { numRows, totals, isHeadKept } = this.start;
    if (totals.numRows !== numRows) this.#totals = await this.#countAnew(numRows);
    if (!isHeadKept) await this.parts.store.put(HEAD, this.#head(this.#totals));
  }

  /** All of the change or, when it throws, nothing of it; `applied` is called at once with the totals. */
  async commit(
    change: LogChange,
    options = { isDurable: true },
    applied: () => void = () => undefined,
  ): Promise<void> {
    const { segments, rows, goneSegments, goneRows } = change;
    const totals = this.totalsAfter(change);
    await this.parts.store.write(
      [
        ...goneSegments.map((segment) => [keyOfSegment(segment), null] as const),
        ...goneRows.flatMap(({ id }) => {
          const key = this.index.keyOf(id);
          return key === undefined ? [] : [[key, null] as const];
        }),
        ...segments.map(({ segment, bytes }) => [keyOfSegment(segment), bytes] as const),
        ...rows.map(({ id, isChanged, bytes }) => [keyOfRow(id, isChanged), bytes] as const),
        [HEAD, this.#head(totals)],
      ],
      options,
    );
    this.#totals = totals;
    this.index.apply(change);
    applied();
    this.parts.onChange();
  }

  totalsAfter(change: LogChange): LogTotals {
    return totalsAfter(this.#totals, change, (id) => this.index.isChanged(id));
  }

  /** The rows as they were written first, ascending; their tensors are views of one buffer. Throws STORAGE_FAILED. */
  async segmentRows(segment: Segment): Promise<readonly LogRow[]> {
    const bytes = await this.parts.store.get(keyOfSegment(segment));
    return decodeSegment(bytes ?? new Uint8Array());
  }

  /** As segmentRows; null, and said once, when they cannot be decoded. Throws STORAGE_FAILED when the store does. */
  async readableRows(segment: Segment): Promise<readonly LogRow[] | null> {
    const key = keyOfSegment(segment);
    const bytes = (await this.parts.store.get(key)) ?? new Uint8Array();
    return this.#decoded(key, () => decodeSegment(bytes)) ?? null;
  }

  /** What lies in the row's own record; undefined when it has none. Throws STORAGE_FAILED. */
  async loneRow(id: string): Promise<LoneRow | undefined> {
    const key = this.index.keyOf(id);
    const bytes = key === undefined ? undefined : await this.parts.store.get(key);
    if (bytes === undefined) return undefined;
    const row = decodeLogRow(id, bytes);
    return { row, measures: measuresOf(row, bytes.byteLength) };
  }

  /** As loneRow; undefined, and said once, when it cannot be decoded. Throws STORAGE_FAILED when the store does. */
  async readableRow(id: string): Promise<LoneRow | undefined> {
    const key = this.index.keyOf(id) ?? "";
    const bytes = await this.parts.store.get(key);
    if (bytes === undefined) return undefined;
    const row = this.#decoded(key, () => decodeLogRow(id, bytes));
    return row && { row, measures: measuresOf(row, bytes.byteLength) };
  }

  /** A row that cannot be read stands for nothing: it must not keep others from being written or erased. */
  async measuresOf(id: string): Promise<RowMeasures> {
    const known = this.index.measuresOf(id);
    if (known !== undefined) return known;
    const key = this.index.keyOf(id) ?? "";
    const bytes = (await this.parts.store.get(key)) ?? new Uint8Array();
    const row = this.#decoded(key, () => decodeLogRow(id, bytes)) ?? unreadableRow(id);
    return measuresOf(row, bytes.byteLength);
  }

  /** Undefined, and said the first time, for what lies under the key and cannot be decoded. */
  #decoded<T>(key: string, decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      if (!this.#damaged.has(key)) this.parts.onError(error);
      this.#damaged.add(key);
      return undefined;
    }
  }

  #head(totals: LogTotals): Uint8Array {
    return encodeHead({ totals, purpose: this.start.purpose });
  }

  /** Rows in segments are not labelled: only those outside are read. */
  async #countAnew(numRows: number): Promise<LogTotals> {
    const { segments, loneIds } = this.index;
    let sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
    const numExamples: Record<string, number> = {};
    for (const id of loneIds) {
      const measures = await this.measuresOf(id);
      sizeBytes += measures.sizeBytes;
      if (measures.numExamples === 0) continue;
      numExamples[measures.model] = (ownValue(numExamples, measures.model) ?? 0) + measures.numExamples;
    }
    return { numRows, sizeBytes, numExamples };
  }
}
