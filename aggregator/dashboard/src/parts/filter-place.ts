import { FedgeError } from "@fedge/protocol";

/** A filter around its mistake: what stands before it, the sign at it, and what comes after. */
export interface FilterPlace {
  readonly before: string;
  readonly at: string;
  readonly after: string;
}

const CONTEXT_LENGTH = 24;

/** Where the mistake of a FILTER_INVALID error is; null for other errors and those without a place. */
export function filterPlace(error: Error, filter: string): FilterPlace | null {
  if (!(error instanceof FedgeError) || error.code !== "FILTER_INVALID") return null;
  const at = error.details["at"];
  if (typeof at !== "number" || at < 0 || at > filter.length) return null;
  const start = Math.max(0, at - CONTEXT_LENGTH);
  const end = at + 1 + CONTEXT_LENGTH;
  return {
    before: (start > 0 ? "…" : "") + filter.slice(start, at),
    at: filter.slice(at, at + 1),
    after: filter.slice(at + 1, end) + (end < filter.length ? "…" : ""),
  };
}
