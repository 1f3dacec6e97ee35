import type { LogRow } from "./log-row.js";
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

/** Whether a row of that id can be meant, as far as an id tells. */
export function isSelected(id: string, { ids, fromMs = 0, untilMs }: LogSelection): boolean {
  if (ids !== undefined && !ids.includes(id)) return false;
  return id >= firstIdAt(fromMs) && (untilMs === undefined || id < firstIdAt(untilMs));
}

/** Whether the row itself is meant. */
export function matches(row: LogRow, { model, isLabelled }: LogSelection): boolean {
  if (model !== undefined && row.model !== model) return false;
  return isLabelled === undefined || isLabelled === (row.label !== null);
}
