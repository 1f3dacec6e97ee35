const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Written where there is no value. */
export const NONE = "-";

/** Decimal units: 1 kB is 1000 bytes. */
export function bytesText(sizeBytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, sizeBytes)) / 3));
  return `${(sizeBytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power] ?? "B"}`;
}

/** A fraction in [0, 1] as a percentage. */
export function percentText(fraction: number | null): string {
  return fraction === null ? NONE : `${(fraction * 100).toFixed(2)} %`;
}

export function timeText(atMs: number | null): string {
  return atMs === null ? NONE : new Date(atMs).toISOString().replace(/\.\d+Z$/, "Z");
}

/** The two largest units that are not zero: `1d 2h`, `12m 30s`, `500ms`. */
export function durationText(durationMs: number): string {
  if (durationMs < 1000) return `${durationMs}ms`;
  const parts: string[] = [];
  let restMs = durationMs;
  for (const [unit, unitMs] of UNIT_MS) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join(" ");
}

const UNIT_MS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const;

export function numberText(value: number | null, digits = 4): string {
  return value === null ? NONE : value.toFixed(digits);
}

/** Text from elsewhere without the control characters by which it could take hold of a terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "\u{fffd}");
}
