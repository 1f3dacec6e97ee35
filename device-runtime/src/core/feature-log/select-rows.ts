import type { TensorValue, TensorValues } from "../ports/engine.js";
import type { LogRecords } from "./log-records.js";
import type { LogRow } from "./log-row.js";
import {
  idSelectionOf,
  isSelected,
  matches,
  maySelect,
  type IdSelection,
  type LogQuery,
} from "./log-selection.js";
import type { Segment } from "./log-keys.js";

/** So many single records are in memory at once while the log is read. */
const READ_AT_ONCE = 64;

export interface RowSource {
  readonly records: LogRecords;
  /** Rows that the store has not got. */
  readonly unwritten: ReadonlyMap<string, LogRow>;
}

/**
 * The rows that are meant, newest first, as they were when it began; what cannot be read is said and left out. Segments
 * are read one after the other, and none of them for labelled rows, which have records of their own.
 */
export async function* selectRows(source: RowSource, query: LogQuery): AsyncGenerator<LogRow> {
  const { index } = source.records;
  const meant = idSelectionOf(query);
  const segments = query.isLabelled === true ? [] : segmentsOf(source, meant);
  const lone = new Descending(
    index.loneIds.filter((id) => isMeantAlone(source, query, id) && isSelected(id, meant)),
  );
  let pending = new Map([...source.unwritten].filter(([id]) => isSelected(id, meant)));
  for (let at = -1; at < segments.length; at += 1) {
    const segment = segments[at];
    if (segment !== undefined) {
      const { rows, ids } = await readSegment(source, segment);
      for (const row of rows) if (isSelected(row.id, meant)) pending.set(row.id, row);
      lone.add(ids.filter((id) => isSelected(id, meant)));
    }
    // Until here nothing newer can come from the segments that are left.
    const untilId = segments[at + 1]?.lastId ?? "";
    const due = [...pending.keys()].filter((id) => id > untilId);
    const ids = [...due, ...lone.takeAfter(untilId)].sort().reverse();
    yield* readRows(source, query, { ids, rows: pending });
    pending = new Map([...pending].filter(([id]) => id <= untilId));
  }
}

function segmentsOf({ records }: RowSource, meant: IdSelection): readonly Segment[] {
  const segments = records.index.segments.filter((segment) => maySelect(segment, meant));
  return segments.sort((a, b) => (a.lastId > b.lastId ? -1 : 1));
}

/** A changed row comes with its segment, unless no segment is read. */
function isMeantAlone(
  { records: { index } }: RowSource,
  { model, isLabelled }: LogQuery,
  id: string,
): boolean {
  if (isLabelled !== true && index.isChanged(id)) return false;
  const measures = index.measuresOf(id);
  return model === undefined || measures === undefined || measures.model === model;
}

/** Rows that are as they were written, and ids of those with a record of their own. */
async function readSegment(
  { records }: RowSource,
  segment: Segment,
): Promise<{ readonly rows: readonly LogRow[]; readonly ids: readonly string[] }> {
  const rows = await records.readableRows(segment);
  if (rows === null) return { rows: [], ids: records.index.changedWithin(segment) };
  const isChanged = ({ id }: LogRow): boolean => records.index.isChanged(id);
  return { rows: rows.filter((row) => !isChanged(row)), ids: rows.filter(isChanged).map(({ id }) => id) };
}

async function* readRows(
  { records }: RowSource,
  query: LogQuery,
  { ids, rows }: { readonly ids: readonly string[]; readonly rows: ReadonlyMap<string, LogRow> },
): AsyncGenerator<LogRow> {
  for (let at = 0; at < ids.length; at += READ_AT_ONCE) {
    const block = ids.slice(at, at + READ_AT_ONCE);
    const read = await Promise.all(
      block.map((id) => rows.get(id) ?? records.readableRow(id).then((lone) => lone?.row)),
    );
    for (const row of read) if (row !== undefined && matches(row, query)) yield ownRow(row);
  }
}

/** Views of a segment would keep it whole in memory, and take it along to another tab. */
function ownRow(row: LogRow): LogRow {
  const own = (values: TensorValues): TensorValues =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, ownTensor(value)]));
  const ownOrNull = (values: TensorValues | null): TensorValues | null =>
    values === null ? null : own(values);
  const { inputs, outputs, explanation } = row;
  return { ...row, inputs: own(inputs), outputs: ownOrNull(outputs), explanation: ownOrNull(explanation) };
}

function ownTensor({ shape, data }: TensorValue): TensorValue {
  return { shape, data: data.byteLength === data.buffer.byteLength ? data : data.slice() };
}

/** Ids of which the greatest are taken first. */
class Descending {
  /** Ascending. */
  #ids: string[];

  constructor(ids: readonly string[]) {
    this.#ids = [...ids];
  }

  add(ids: readonly string[]): void {
    if (ids.length > 0) this.#ids = [...this.#ids, ...ids].sort();
  }

  takeAfter(untilId: string): string[] {
    let at = this.#ids.length;
    while (at > 0 && (this.#ids[at - 1] as string) > untilId) at -= 1;
    return this.#ids.splice(at);
  }
}
