import { goneRow, changedRows } from "./log-eviction.js";
import { loneWrite, segmentWrite } from "./log-draft.js";
import { NO_CHANGE, type GoneRow, type LogChange } from "./log-index.js";
import type { LogRecords } from "./log-records.js";
import type { LogRow } from "./log-row.js";
import { idSelectionOf, isSelected, matches, maySelect, type LogSelection } from "./log-selection.js";
import type { Segment } from "./log-keys.js";
import { selectRows } from "./select-rows.js";
import type { UnwrittenRows } from "./unwritten-rows.js";

/** What is written at once: a log is larger than what a device has room for twice. */
const WRITE_AT_BYTES = 4_000_000;
const WRITE_AT_RECORDS = 512;

/**
 * Erases rows of a log that takes nothing else in meanwhile; `onErasing` is told first which models have labelled ones
 * among them. Resolves with how many there were. Throws STORAGE_FULL or STORAGE_FAILED.
 */
export async function eraseFrom(
  { records, unwritten }: { readonly records: LogRecords; readonly unwritten: UnwrittenRows },
  selection: LogSelection,
  onErasing: (models: readonly string[]) => Promise<void>,
): Promise<number> {
  const meant = idSelectionOf(selection);
  const models = new Set<string>();
  if (selection.isLabelled !== false)
    for await (const { model } of selectRows(
      { records, unwritten: unwritten.byId },
      { ...selection, isLabelled: true },
    ))
      models.add(model);
  if (models.size > 0) await onErasing([...models]);
  const waiting = [...unwritten.byId.values()].filter(
    (row) => isSelected(row.id, meant) && matches(row, selection),
  );
  unwritten.delete(waiting);
  return waiting.length + (await eraseRows(records, selection));
}

/**
 * Erases the rows that are meant: a segment is written anew without them. Resolves with how many there were. After a
 * crash each row is either there or not. A segment that cannot be read goes whole when a row in it may be meant: nobody
 * can tell that it is not.
 */
async function eraseRows(records: LogRecords, selection: LogSelection): Promise<number> {
  let numErased = 0;
  let pending = NO_CHANGE;
  const write = async (): Promise<void> => {
    numErased += records.totals.numRows - records.totalsAfter(pending).numRows;
    if (numRecordsOf(pending) > 0) await records.commit(pending);
    pending = NO_CHANGE;
  };
  for await (const change of erasures(records, selection)) {
    pending = together(pending, change);
    if (numRecordsOf(pending) >= WRITE_AT_RECORDS || bytesOf(pending) >= WRITE_AT_BYTES) await write();
  }
  await write();
  return numErased;
}

async function* erasures(records: LogRecords, selection: LogSelection): AsyncGenerator<LogChange> {
  const meant = idSelectionOf(selection);
  const { segments, loneIds } = records.index;
  const own = loneIds.filter((id) => isSelected(id, meant) && !records.index.isChanged(id));
  for (const segment of segments.filter((each) => maySelect(each, meant)))
    yield await segmentErasure(records, segment, selection);
  for (const id of own)
    if (await isMeant(records, id, selection)) yield { ...NO_CHANGE, goneRows: [await goneRow(records, id)] };
}

async function segmentErasure(
  records: LogRecords,
  segment: Segment,
  selection: LogSelection,
): Promise<LogChange> {
  if (isWhole(segment, selection)) {
    const goneRows = await changedRows(records, segment);
    return { ...NO_CHANGE, goneSegments: [segment], goneRows };
  }
  const rows = await records.readableRows(segment);
  if (rows === null) return withoutUnreadable(records, segment, selection);
  const meant = idSelectionOf(selection);
  const left: LogRow[] = [];
  const goneRows: GoneRow[] = [];
  for (const row of rows) {
    const isChanged = records.index.isChanged(row.id);
    const isGone = isChanged ? await isMeant(records, row.id, selection) : matches(row, selection);
    if (!isGone || !isSelected(row.id, meant)) left.push(row);
    else if (isChanged) goneRows.push(await goneRow(records, row.id));
  }
  if (left.length === rows.length) return NO_CHANGE;
  const segments = left.length === 0 ? [] : [segmentWrite(left)];
  return { ...NO_CHANGE, segments, goneSegments: [segment], goneRows };
}

/** Whether every row of the segment is meant, as its key tells. */
function isWhole({ firstId, lastId }: Segment, selection: LogSelection): boolean {
  const { ids, model, isLabelled } = selection;
  const meant = idSelectionOf(selection);
  if (ids !== undefined || model !== undefined || isLabelled !== undefined) return false;
  return isSelected(firstId, meant) && isSelected(lastId, meant);
}

/** Whether what lies alone is meant. What cannot be read may be anybody's. */
async function isMeant(records: LogRecords, id: string, selection: LogSelection): Promise<boolean> {
  if (!isSelected(id, idSelectionOf(selection))) return false;
  if (selection.model === undefined && selection.isLabelled === undefined) return true;
  const lone = await records.readableRow(id);
  return lone === undefined || matches(lone.row, selection);
}

/** Rows that have changed since can be read: they become rows of their own. */
async function withoutUnreadable(
  records: LogRecords,
  segment: Segment,
  selection: LogSelection,
): Promise<LogChange> {
  const changed = records.index.isCrossed(segment) ? [] : records.index.changedWithin(segment);
  const goneRows = await Promise.all(changed.map((id) => goneRow(records, id)));
  const rows: LogChange["rows"][number][] = [];
  for (const id of changed) {
    const lone = await records.readableRow(id);
    if (lone !== undefined && !(await isMeant(records, id, selection)))
      rows.push(loneWrite(lone.row, null, false));
  }
  return { segments: [], rows, goneSegments: [segment], goneRows };
}

function together(a: LogChange, b: LogChange): LogChange {
  return {
    segments: [...a.segments, ...b.segments],
    rows: [...a.rows, ...b.rows],
    goneSegments: [...a.goneSegments, ...b.goneSegments],
    goneRows: [...a.goneRows, ...b.goneRows],
  };
}

function numRecordsOf({ segments, rows, goneSegments, goneRows }: LogChange): number {
  return segments.length + rows.length + goneSegments.length + goneRows.length;
}

function bytesOf({ segments, rows }: LogChange): number {
  return [...segments, ...rows].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}
