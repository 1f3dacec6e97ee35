const integer = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Written where there is no value. */
export const NONE = "–";

export function formatCount(value: number): string {
  return integer.format(value);
}

export function formatCompact(value: number): string {
  return compact.format(value);
}

/** Decimal units: 1 kB is 1000 bytes. */
export function formatBytes(sizeBytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, sizeBytes)) / 3));
  const value = sizeBytes / 1000 ** power;
  const digits = power === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[power] ?? "B"}`;
}

/** A fraction in [0, 1] as a percentage. */
export function formatFraction(value: number | null): string {
  return value === null ? NONE : `${(value * 100).toFixed(2)} %`;
}

export function formatLoss(value: number | null): string {
  return value === null ? NONE : value.toFixed(4);
}

export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  const seconds = durationMs / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function formatTime(atMs: number): string {
  return new Date(atMs).toLocaleTimeString("en-GB");
}

export function formatDateTime(atMs: number): string {
  return new Date(atMs).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

/** How long ago, in one unit: `12 s ago`, or `just now`. What lies ahead, by clocks that differ, is now. */
export function formatAgo(atMs: number, nowMs: number): string {
  return nowMs - atMs < 1000 ? "just now" : `${formatSpan(nowMs - atMs)} ago`;
}

const SPANS = [
  { unit: "d", sizeMs: 86_400_000 },
  { unit: "h", sizeMs: 3_600_000 },
  { unit: "min", sizeMs: 60_000 },
] as const;

/** A duration in its largest whole unit, for what is looked at from afar: `3 h`. */
export function formatSpan(durationMs: number): string {
  const span = SPANS.find(({ sizeMs }) => durationMs >= sizeMs);
  if (span !== undefined) return `${Math.floor(durationMs / span.sizeMs)} ${span.unit}`;
  return `${Math.max(0, Math.floor(durationMs / 1000))} s`;
}

/** A countdown that counts: `1 h 02 min 05 s`, `4 min 09 s`, `7 s`. */
export function formatCountdown(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) return `${hours} h ${two(minutes)} min ${two(rest)} s`;
  return minutes > 0 ? `${minutes} min ${two(rest)} s` : `${rest} s`;
}
