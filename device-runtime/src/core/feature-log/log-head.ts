import * as z from "zod/mini";
import type { LogTotals } from "./log-totals.js";

const count = z.int().check(z.gte(0));
const head = z.object({
  numRows: count,
  sizeBytes: count,
  numExamples: z.record(z.string(), count),
  purpose: z.optional(z.string()),
});

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
