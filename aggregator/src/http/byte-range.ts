export interface ByteRange {
  readonly first: number;
  /** Included. */
  readonly last: number;
}

/**
 * The one range that a `Range` header asks for (RFC 9110, section 14.2), "whole" when the header is absent, has
 * another unit or asks for several ranges, "unsatisfiable" when it starts beyond the end.
 */
export function parseByteRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | "whole" | "unsatisfiable" {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "");
  const from = match?.[1] ?? "";
  const to = match?.[2] ?? "";
  if (match === null || (from === "" && to === "")) return "whole";
  if (from === "") return suffix(Number(to), sizeBytes);
  const first = Number(from);
  const last = to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (to !== "" && Number(to) < first) return "whole"; // an invalid range is ignored, says the RFC
  return first >= sizeBytes ? "unsatisfiable" : { first, last };
}

function suffix(lengthBytes: number, sizeBytes: number): ByteRange | "unsatisfiable" {
  if (lengthBytes === 0 || sizeBytes === 0) return "unsatisfiable";
  return { first: Math.max(0, sizeBytes - lengthBytes), last: sizeBytes - 1 };
}
