import type { LogRow } from "./log-row.js";
import type { Segment } from "./log-keys.js";
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
  /** Predictions before this one: the last row of an answer leads to the next. */
  readonly beforeId?: string;
}

/** Ids that can be meant, as far as an id tells. */
export interface IdSelection {
  readonly fromId: string;
  /** Exclusive; null for no end. */
  readonly untilId: string | null;
  readonly ids: ReadonlySet<string> | null;
}

export function idSelectionOf({ ids, fromMs = 0, untilMs, beforeId }: LogQuery): IdSelection {
  const ends = [
    ...(untilMs === undefined ? [] : [firstIdAt(untilMs)]),
    ...(beforeId === undefined ? [] : [beforeId]),
  ];
  return { fromId: firstIdAt(fromMs), untilId: ends.sort()[0] ?? null, ids: ids ? new Set(ids) : null };
}

export function isSelected(id: string, { fromId, untilId, ids }: IdSelection): boolean {
  return id >= fromId && (untilId === null || id < untilId) && (ids === null || ids.has(id));
}

/** Whether the segment can have a row that is meant. */
export function maySelect({ firstId, lastId }: Segment, { fromId, untilId, ids }: IdSelection): boolean {
  if (lastId < fromId || (untilId !== null && firstId >= untilId)) return false;
  if (ids === null) return true;
  for (const id of ids) if (firstId <= id && id <= lastId) return true;
  return false;
}

/** Whether the row itself is meant. */
export function matches(row: Pick<LogRow, "model" | "label">, { model, isLabelled }: LogSelection): boolean {
  if (model !== undefined && row.model !== model) return false;
  return isLabelled === undefined || isLabelled === (row.label !== null);
}
