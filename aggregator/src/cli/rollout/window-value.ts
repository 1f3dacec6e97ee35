import { InvalidArgumentError } from "commander";
import type { RolloutConfig } from "../../rollouts/rollout-config.js";

type MaintenanceWindow = RolloutConfig["schedule"]["windows"][number];

const DAYS: readonly string[] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const DAY_MINUTES = 24 * 60;

/** Reads `DAYS HH:MM-HH:MM ZONE`, such as `mon-fri 22:00-04:00 Europe/Berlin` or `daily 01:00-05:00`, UTC unless said. */
export function windowValue(text: string): MaintenanceWindow {
  const match = /^(\S+)\s+(\d{1,2}:\d{2})-(\d{1,2}:\d{2})(?:\s+(\S+))?$/.exec(text.trim());
  const [, days, from, to, timeZone = "UTC"] = match ?? [];
  if (days === undefined || from === undefined || to === undefined) throw unreadable();
  const startMinute = minuteOfDay(from, DAY_MINUTES - 1);
  const endMinute = minuteOfDay(to, DAY_MINUTES);
  const spanMinutes = (endMinute - startMinute + DAY_MINUTES) % DAY_MINUTES;
  return {
    days: daysOf(days),
    startMinute,
    durationMinutes: spanMinutes === 0 ? DAY_MINUTES : spanMinutes,
    timeZone: checkedZone(timeZone),
  };
}

function minuteOfDay(text: string, most: number): number {
  const [hours, minutes] = text.split(":").map(Number);
  const minute = (hours ?? 0) * 60 + (minutes ?? 0);
  if ((minutes ?? 0) > 59 || minute > most) throw unreadable();
  return minute;
}

function daysOf(text: string): number[] {
  if (text === "daily") return [0, 1, 2, 3, 4, 5, 6];
  const days = new Set<number>();
  for (const part of text.toLowerCase().split(",")) {
    const [first, last, ...rest] = part.split("-").map((day) => DAYS.indexOf(day));
    if (first === undefined || first < 0 || rest.length > 0) throw unreadable();
    if (last !== undefined && last < 0) throw unreadable();
    const length = last === undefined ? 1 : ((last - first + 7) % 7) + 1;
    for (let step = 0; step < length; step += 1) days.add((first + step) % 7);
  }
  return [...days].sort((one, other) => one - other);
}

function checkedZone(timeZone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return timeZone;
  } catch {
    throw new InvalidArgumentError(`There is no time zone ${timeZone}; write one such as Europe/Berlin.`);
  }
}

function unreadable(): InvalidArgumentError {
  return new InvalidArgumentError(
    "It takes days, times and a zone, such as 'mon-fri 22:00-04:00 Europe/Berlin' or 'daily 01:00-05:00'.",
  );
}
