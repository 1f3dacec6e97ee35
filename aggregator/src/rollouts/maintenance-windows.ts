import { FedgeError } from "@fedge/protocol";
import type { RolloutConfig } from "./rollout-config.js";

type Window = RolloutConfig["schedule"]["windows"][number];

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * Whether devices may start at the time: always without windows, else in any of them. A window begins at its time of day
 * in its zone, once a day: where the clock is put back it begins the first time, and where it is put forward over the
 * beginning, just as much later. It lasts as many real minutes as it says.
 */
export function isWindowOpen(windows: readonly Window[], atMs: number): boolean {
  return windows.length === 0 || windows.some((window) => isOpen(window, atMs));
}

/** Whether devices may start now or later; not after the end of the schedule, nor once no window opens before it. */
export function hasLapsed(
  { windows, endAtMs }: Pick<RolloutConfig["schedule"], "windows" | "endAtMs">,
  atMs: number,
): boolean {
  if (endAtMs === undefined || endAtMs === null) return false;
  if (atMs >= endAtMs) return true;
  return !isWindowOpen(windows, atMs) && (nextOpeningMs(windows, atMs) ?? 0) >= endAtMs;
}

/** When a window opens next after the time; null without windows. Windows are weekly, so that one opens within eight days. */
export function nextOpeningMs(windows: readonly Window[], atMs: number): number | null {
  const starts = windows.flatMap((window) => {
    const format = formatterOf(window.timeZone);
    const midnightMs = Math.floor(localMs(format, atMs) / DAY_MS) * DAY_MS;
    return Array.from({ length: 9 }, (_, day) => midnightMs + day * DAY_MS)
      .filter((dayMs) => window.days.includes(new Date(dayMs).getUTCDay()))
      .map((dayMs) => instantOf(format, dayMs + window.startMinute * MINUTE_MS))
      .filter((startMs) => startMs > atMs);
  });
  return starts.length === 0 ? null : Math.min(...starts);
}

/** Throws OPTION_INVALID for a zone that this platform does not know. */
export function checkWindows(windows: readonly Window[]): void {
  for (const { timeZone } of windows) {
    try {
      formatterOf(timeZone);
    } catch (cause) {
      const message = `"${timeZone}" is no time zone; write one such as Europe/Berlin or UTC`;
      throw new FedgeError("OPTION_INVALID", message, { cause });
    }
  }
}

/** A window lasts at most a day, so that only today's and yesterday's can be open. */
function isOpen(window: Window, atMs: number): boolean {
  const format = formatterOf(window.timeZone);
  const midnightMs = Math.floor(localMs(format, atMs) / DAY_MS) * DAY_MS;
  return [midnightMs, midnightMs - DAY_MS].some((dayMs) => {
    if (!window.days.includes(new Date(dayMs).getUTCDay())) return false;
    const startMs = instantOf(format, dayMs + window.startMinute * MINUTE_MS);
    return startMs <= atMs && atMs < startMs + window.durationMinutes * MINUTE_MS;
  });
}

/** The first instant at which the zone's clocks show that time; where they leap over it, as if they had not. */
function instantOf(format: Intl.DateTimeFormat, wantedLocalMs: number): number {
  const before = offsetMs(format, wantedLocalMs - DAY_MS);
  const after = offsetMs(format, wantedLocalMs + DAY_MS);
  const shown = [wantedLocalMs - before, wantedLocalMs - after]
    .filter((atMs) => localMs(format, atMs) === wantedLocalMs)
    .sort((one, other) => one - other);
  return shown[0] ?? wantedLocalMs - before;
}

function offsetMs(format: Intl.DateTimeFormat, atMs: number): number {
  return localMs(format, atMs) - Math.floor(atMs / 1000) * 1000;
}

/** What the zone's clocks show, as if it were UTC. */
function localMs(format: Intl.DateTimeFormat, atMs: number): number {
  const parts = Object.fromEntries(
    format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const numeric = "numeric";
  return new Intl.DateTimeFormat("en-GB", {
    ...{ timeZone, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23" },
    ...{ year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric },
  });
}
