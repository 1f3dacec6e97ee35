import * as z from "zod/mini";
import { numExamplesOf, type LogRow } from "./log-row.js";

const count = z.int().check(z.gte(0));
const totals = z.object({ numRows: count, sizeBytes: count, numExamples: z.record(z.string(), count) });

/** What the log holds, kept with every write so that a start need not read it whole. */
export interface LogTotals {
  readonly numRows: number;
  readonly sizeBytes: number;
  /** Labelled examples by model. */
  readonly numExamples: Readonly<Record<string, number>>;
}

export const NO_ROWS: LogTotals = { numRows: 0, sizeBytes: 0, numExamples: {} };

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

/** The totals with one row more. */
export function plusRow(before: LogTotals, row: RowMeasures): LogTotals {
  return changed(before, row, 1);
}

/** The totals with one row less. */
export function minusRow(before: LogTotals, row: RowMeasures): LogTotals {
  return changed(before, row, -1);
}

function changed(before: LogTotals, row: RowMeasures, sign: 1 | -1): LogTotals {
  const { [row.model]: numBefore = 0, ...others } = before.numExamples;
  const num = Math.max(0, numBefore + sign * row.numExamples);
  return {
    numRows: before.numRows + sign,
    sizeBytes: Math.max(0, before.sizeBytes + sign * row.sizeBytes),
    numExamples: num === 0 ? others : { ...others, [row.model]: num },
  };
}

export function encodeTotals(value: LogTotals): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Undefined for bytes that are none: whoever reads them counts anew. */
export function decodeTotals(bytes: Uint8Array | undefined): LogTotals | undefined {
  if (bytes === undefined) return undefined;
  try {
    const result = totals.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
