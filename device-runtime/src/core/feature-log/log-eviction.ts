import type { GoneRow, LogChange } from "./log-index.js";
import type { LogRecords } from "./log-records.js";
import type { Segment } from "./log-keys.js";

interface Left {
  readonly numRows: number;
  readonly sizeBytes: number;
}

export interface EvictionParts {
  readonly records: LogRecords;
  /** To be written in the same transaction. */
  readonly change: LogChange;
  /** What must stay: a row in it is being changed. */
  readonly kept: readonly Segment[];
  /** Single rows that are being written. */
  readonly writes: ReadonlySet<string>;
  /** Whether no more need go, once so much is left and the oldest is this. */
  readonly isEnough: (left: Left, firstId: string) => boolean;
}

/** The change, and with it the oldest segments and single rows go until there is room. */
export async function withEvictions(parts: EvictionParts): Promise<LogChange> {
  const { records, change, kept, writes, isEnough } = parts;
  const goneSegments: Segment[] = [];
  const goneRows: GoneRow[] = [];
  let { numRows, sizeBytes } = records.totalsAfter(change);
  for (const { firstId, segment } of records.index.units()) {
    if (isEnough({ numRows, sizeBytes }, firstId)) break;
    if (segment === null ? writes.has(firstId) : kept.includes(segment)) continue;
    const rows = segment === null ? [await goneRow(records, firstId)] : await changedRows(records, segment);
    numRows -= segment?.numRows ?? 1;
    sizeBytes -= rows.reduce((sum, { measures }) => sum + measures.sizeBytes, segment?.sizeBytes ?? 0);
    goneRows.push(...rows);
    if (segment !== null) goneSegments.push(segment);
  }
  return {
    ...change,
    goneSegments: [...change.goneSegments, ...goneSegments],
    goneRows: [...change.goneRows, ...goneRows],
  };
}

/** What stands for rows of the segment, and goes with it. */
export async function changedRows(records: LogRecords, segment: Segment): Promise<GoneRow[]> {
  const within = records.index.changedWithin(segment);
  if (within.length === 0) return [];
  let ids = within;
  if (records.index.isCrossed(segment)) {
    const own = new Set((await records.readableRows(segment))?.map(({ id }) => id));
    ids = within.filter((id) => own.has(id));
  }
  return Promise.all(ids.map((id) => goneRow(records, id)));
}

export async function goneRow(records: LogRecords, id: string): Promise<GoneRow> {
  return { id, measures: await records.measuresOf(id) };
}
