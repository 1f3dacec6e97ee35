import * as z from "zod/mini";

const count = z.int().check(z.gte(0));
const head = z.object({
  numRows: count,
  sizeBytes: count,
  numExamples: z.record(z.string(), count),
  purpose: z.optional(z.string()),
});

/** What the log holds, kept with every write so that a start need not read it whole. */
export interface LogTotals {
  readonly numRows: number;
  readonly sizeBytes: number;
  /** Labelled examples by model. */
  readonly numExamples: Readonly<Record<string, number>>;
}

export const NO_ROWS: LogTotals = { numRows: 0, sizeBytes: 0, numExamples: {} };

/** What is kept once for the whole log, and written with every change of it. */
export interface LogHead {
  readonly totals: LogTotals;
  /** What the rows are kept for, as the app says; null when it does not. */
  readonly purpose: string | null;
}

export function encodeHead({ totals, purpose }: LogHead): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ ...totals, ...(purpose === null ? {} : { purpose }) }));
}

/** Undefined for bytes that are none: whoever reads them counts anew. */
export function decodeHead(bytes: Uint8Array | undefined): LogHead | undefined {
  if (bytes === undefined) return undefined;
  try {
    const result = head.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    if (!result.success) return undefined;
    const { purpose = null, ...totals } = result.data;
    return { totals, purpose };
  } catch {
    return undefined;
  }
}
