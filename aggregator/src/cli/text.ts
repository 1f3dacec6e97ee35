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

export function numberText(value: number | null, digits = 4): string {
  return value === null ? NONE : value.toFixed(digits);
}

/** Text from elsewhere without the control characters by which it could take hold of a terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "\u{fffd}");
}
