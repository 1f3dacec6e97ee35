import type { Command } from "commander";
import { InvalidArgumentError } from "commander";

interface Range {
  readonly least?: number;
  readonly most?: number;
  /** Excluded lower end. */
  readonly above?: number;
}

/** Reads a whole number; commander adds the flag's name to the message. */
export function wholeNumber(range: Range): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (!isWithin(value, range))
      throw new InvalidArgumentError(`It takes a whole number ${rangeText(range)}.`);
    return value;
  };
}

export function decimal(range: Range): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!isWithin(value, range)) throw new InvalidArgumentError(`It takes a number ${rangeText(range)}.`);
    return value;
  };
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads a duration such as `500ms`, `30s`, `5m`, `1h` or `4d` as milliseconds. */
export function duration(text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text.trim());
  const unit = match?.[2];
  if (match === null || unit === undefined) {
    throw new InvalidArgumentError("It takes a duration with its unit, such as 500ms, 30s, 5m, 1h or 4d.");
  }
  return Math.round(Number(match[1]) * UNIT_MS[unit as keyof typeof UNIT_MS]);
}

export interface DurationWindow {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Reads two durations, `5s..30s`. */
export function durationWindow(text: string): DurationWindow {
  const [from, to, ...rest] = text.split("..");
  if (from === undefined || to === undefined || rest.length > 0) {
    throw new InvalidArgumentError("It takes two durations, such as 5s..30s.");
  }
  const window = { minMs: duration(from), maxMs: duration(to) };
  if (window.minMs > window.maxMs) {
    throw new InvalidArgumentError("Its first duration is longer than its second.");
  }
  return window;
}

export function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new InvalidArgumentError("It takes a URL such as http://127.0.0.1:8787.");
  }
  return url.href.replace(/\/$/, "");
}

function isWithin(value: number, range: Range): boolean {
  return (
    Number.isFinite(value) &&
    value >= (range.least ?? Number.NEGATIVE_INFINITY) &&
    value <= (range.most ?? Number.POSITIVE_INFINITY) &&
    value > (range.above ?? Number.NEGATIVE_INFINITY)
  );
}

function rangeText(range: Range): string {
  const parts = [
    ...(range.above === undefined ? [] : [`above ${range.above}`]),
    ...(range.least === undefined ? [] : [`of at least ${range.least}`]),
    ...(range.most === undefined ? [] : [`at most ${range.most}`]),
  ];
  return parts.join(" and ");
}

/** Flags that a person wrote, such as `--name`: not those that have their default, nor those of the environment. */
export function writtenFlags(command: Command): string[] {
  const written = command.options.filter(
    (option) => command.getOptionValueSource(option.attributeName()) === "cli",
  );
  return written.map(({ long, flags }) => long ?? flags);
}
