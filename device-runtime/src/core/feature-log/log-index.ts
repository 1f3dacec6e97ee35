import { keyOfRow, rowOfKey, segmentOfKey, type Segment } from "./log-keys.js";
import type { RowMeasures } from "./log-totals.js";

/** One write to the log: what it adds and what it takes away. */
export interface LogChange {
  readonly segments: readonly { readonly segment: Segment; readonly bytes: Uint8Array }[];
  readonly rows: readonly LoneWrite[];
  /** Of those that the index has. */
  readonly goneSegments: readonly Segment[];
  readonly goneRows: readonly GoneRow[];
}

export interface LoneWrite {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly measures: RowMeasures;
  /** Of the record that it takes the place of; null for a new one. */
  readonly before: RowMeasures | null;
  /** Whether it stands for a row in a segment. */
  readonly isChanged: boolean;
}

export interface GoneRow {
  readonly id: string;
  readonly measures: RowMeasures;
}

export const NO_CHANGE: LogChange = { segments: [], rows: [], goneSegments: [], goneRows: [] };

/** What is evicted as one: a segment, or a row of its own. */
export interface LogUnit {
  readonly firstId: string;
  /** Null for a row of its own. */
  readonly segment: Segment | null;
}

/** Where the log's rows are, known from keys alone: an entry for each segment and for each row outside of them. */
export class LogIndex {
  /** Ascending by first id. */
  #segments: Segment[] = [];
  /** Of rows of their own and of changed ones, ascending. */
  #lone: string[] = [];
  readonly #changed = new Set<string>();
  /** Of records that were written or read since the start: taking them away need not read them. */
  readonly #measures = new Map<string, RowMeasures>();

  constructor(keys: readonly string[] = []) {
    for (const key of keys) {
      const segment = segmentOfKey(key);
      const row = rowOfKey(key);
      if (segment !== null) this.#segments.push(segment);
      if (row === null) continue;
      this.#lone.push(row.id);
      if (row.isChanged) this.#changed.add(row.id);
    }
    this.#segments.sort((a, b) => (a.firstId < b.firstId ? -1 : 1));
    this.#lone.sort();
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Of all records that hold one row, ascending. */
  get loneIds(): readonly string[] {
    return this.#lone;
  }

  /** Of the oldest segment or record. */
  get firstId(): string | undefined {
    const [lone] = this.#lone;
    const [segment] = this.#segments;
    return lone !== undefined && (segment === undefined || lone < segment.firstId) ? lone : segment?.firstId;
  }

  /** Where the row's own record is; undefined when it has none. */
  keyOf(id: string): string | undefined {
    const isThere = this.#lone[firstAt(this.#lone, id)] === id;
    return isThere ? keyOfRow(id, this.#changed.has(id)) : undefined;
  }

  isChanged(id: string): boolean {
    return this.#changed.has(id);
  }

  measuresOf(id: string): RowMeasures | undefined {
    return this.#measures.get(id);
  }

  /** Segments that may hold the row. */
  spanning(id: string): readonly Segment[] {
    return this.#segments.filter(({ firstId, lastId }) => firstId <= id && id <= lastId);
  }

  /** Rows between the segment's first and last that have changed since: its own, unless another lies across it. */
  changedWithin({ firstId, lastId }: Segment): readonly string[] {
    const found: string[] = [];
    for (let at = firstAt(this.#lone, firstId); at < this.#lone.length; at += 1) {
      const id = this.#lone[at] as string;
      if (id > lastId) break;
      if (this.#changed.has(id)) found.push(id);
    }
    return found;
  }

  isCrossed(segment: Segment): boolean {
    return this.#segments.some(
      (other) => other !== segment && other.firstId <= segment.lastId && segment.firstId <= other.lastId,
    );
  }

  /** The oldest first. */
  *units(): Generator<LogUnit> {
    let at = 0;
    for (const segment of [...this.#segments, null]) {
      for (; at < this.#lone.length; at += 1) {
        const firstId = this.#lone[at] as string;
        if (segment !== null && firstId >= segment.firstId) break;
        if (!this.#changed.has(firstId)) yield { firstId, segment: null };
      }
      if (segment !== null) yield { firstId: segment.firstId, segment };
    }
  }

  /** After the store has made the change. */
  apply({ segments, rows, goneSegments, goneRows }: LogChange): void {
    if (goneSegments.length > 0) {
      const gone = new Set(goneSegments);
      this.#segments = this.#segments.filter((segment) => !gone.has(segment));
    }
    if (goneRows.length > 0) {
      const gone = new Set(goneRows.map(({ id }) => id));
      this.#lone = this.#lone.filter((id) => !gone.has(id));
      for (const id of gone) this.#changed.delete(id);
      for (const id of gone) this.#measures.delete(id);
    }
    for (const { segment } of segments) insert(this.#segments, segment, ({ firstId }) => firstId);
    for (const { id, isChanged, before, measures } of rows) {
      this.#measures.set(id, measures);
      if (before !== null) continue;
      insert(this.#lone, id, (each) => each);
      if (isChanged) this.#changed.add(id);
    }
  }
}

/** Where the first of the ascending ids is that is not before the given one. */
function firstAt(ids: readonly string[], id: string): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] as string) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Mostly at the end: what is added is newer than the rest. */
function insert<T>(values: T[], value: T, idOf: (value: T) => string): void {
  let at = values.length;
  while (at > 0 && idOf(values[at - 1] as T) > idOf(value)) at -= 1;
  values.splice(at, 0, value);
}
