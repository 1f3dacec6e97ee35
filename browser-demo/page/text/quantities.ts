/** Written where there is no value. */
export const NONE = "–";

const UNITS = ["B", "kB", "MB", "GB"] as const;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A count with the noun that fits it: "1 sentence", "1,200 sentences". */
export function countOf(count: number, singular: string): string {
  return `${count.toLocaleString("en")} ${singular}${count === 1 ? "" : "s"}`;
}

/** Decimal units: 1 kB is 1000 bytes. */
export function bytesInWords(sizeBytes: number): string {
  if (!Number.isFinite(sizeBytes) || sizeBytes < 0) return NONE;
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, sizeBytes)) / 3));
  const value = sizeBytes / 1000 ** power;
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${UNITS[power] ?? "B"}`;
}

/** How long ago, roughly. A time in the future counts as now: clocks are set. */
export function agoInWords(atMs: number, nowMs: number): string {
  const ageMs = nowMs - atMs;
  if (!Number.isFinite(ageMs)) return NONE;
  if (ageMs < 10_000) return "just now";
  if (ageMs < MINUTE_MS) return "less than a minute ago";
  if (ageMs < HOUR_MS) return `${countOf(Math.floor(ageMs / MINUTE_MS), "minute")} ago`;
  if (ageMs < DAY_MS) return `${countOf(Math.floor(ageMs / HOUR_MS), "hour")} ago`;
  return `${countOf(Math.floor(ageMs / DAY_MS), "day")} ago`;
}

/** A loss with two digits behind the point. */
export function lossInWords(loss: number): string {
  return Number.isFinite(loss) ? loss.toFixed(2) : NONE;
}
