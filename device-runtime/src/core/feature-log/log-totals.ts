import { ownValue } from "@fedge/protocol";
import type { LogTotals } from "./log-head.js";
import type { LogChange } from "./log-index.js";
import { numExamplesOf, type LogRow } from "./log-row.js";

/** What a row adds to the totals. */
export interface RowMeasures {
  readonly model: string;
  readonly numExamples: number;
  /** As it lies in the store. */
  readonly sizeBytes: number;
}

export function measuresOf(row: Pick<LogRow, "model" | "label">, sizeBytes: number): RowMeasures {
  return { model: row.model, numExamples: numExamplesOf(row), sizeBytes };
}

/** The totals once the change is made. */
export function totalsAfter(
  before: LogTotals,
  change: LogChange,
  isChanged: (id: string) => boolean,
): LogTotals {
  const { segments, rows, goneSegments, goneRows } = change;
  let [numRows, sizeBytes] = [before.numRows, before.sizeBytes];
  const numExamples = { ...before.numExamples };
  const count = (sign: 1 | -1, measures: RowMeasures): void => {
    sizeBytes += sign * measures.sizeBytes;
    const known = ownValue(numExamples, measures.model) ?? 0;
    numExamples[measures.model] = known + sign * measures.numExamples;
  };
  for (const { segment } of segments)
    [numRows, sizeBytes] = [numRows + segment.numRows, sizeBytes + segment.sizeBytes];
  for (const gone of goneSegments)
    [numRows, sizeBytes] = [numRows - gone.numRows, sizeBytes - gone.sizeBytes];
  for (const row of rows) {
    if (row.before !== null) count(-1, row.before);
    else if (!row.isChanged) numRows += 1;
    count(1, row.measures);
  }
  for (const { id, measures } of goneRows) {
    // A changed row is one of its segment's.
    if (!isChanged(id)) numRows -= 1;
    count(-1, measures);
  }
  const some = Object.entries(numExamples).filter(([, number]) => number > 0);
  return { numRows, sizeBytes: Math.max(0, sizeBytes), numExamples: Object.fromEntries(some) };
}
