import { describe, expect, test } from "vitest";
import { checkWindows, isWindowOpen } from "./maintenance-windows.js";

const NIGHT = {
  days: [0, 1, 2, 3, 4, 5, 6],
  startMinute: 2 * 60,
  durationMinutes: 60,
  timeZone: "Europe/Berlin",
};
const at = (iso: string): number => Date.parse(iso);

describe("maintenance windows", () => {
  test("without any, devices may start at all times", () => {
    expect(isWindowOpen([], at("2026-07-01T12:00:00Z"))).toBe(true);
  });

  test.each([
    ["2026-07-01T00:00:00Z", true],
    ["2026-06-30T23:59:59Z", false],
    ["2026-07-01T00:59:59Z", true],
    ["2026-07-01T01:00:00Z", false],
  ])("in summer, 02:00 in Berlin is 00:00 UTC: at %s it is open: %s", (time, expected) => {
    expect(isWindowOpen([NIGHT], at(time))).toBe(expected);
  });

  test.each([
    ["2026-10-25T00:00:00Z", true],
    ["2026-10-25T00:59:59Z", true],
    ["2026-10-25T01:00:00Z", false],
    ["2026-10-25T01:30:00Z", false],
  ])("R15: the night in which 02:00 comes twice has it once: at %s open: %s", (time, expected) => {
    expect(isWindowOpen([NIGHT], at(time))).toBe(expected);
  });

  test.each([
    ["2026-03-29T00:59:59Z", false],
    ["2026-03-29T01:00:00Z", true],
    ["2026-03-29T01:59:59Z", true],
    ["2026-03-29T02:00:00Z", false],
  ])("R15: the night without 02:00 has it an hour later on the clock: at %s open: %s", (time, expected) => {
    expect(isWindowOpen([NIGHT], at(time))).toBe(expected);
  });

  test("a window of Saturday lasts into Sunday, and one of Sunday does not begin on Saturday", () => {
    const late = { days: [6], startMinute: 23 * 60, durationMinutes: 120, timeZone: "UTC" };
    // 2026-11-28 is a Saturday.
    expect(isWindowOpen([late], at("2026-11-29T00:30:00Z"))).toBe(true);
    expect(isWindowOpen([late], at("2026-11-29T23:30:00Z"))).toBe(false);
  });

  test("a zone that is not known is refused by its name", () => {
    expect(() => checkWindows([{ ...NIGHT, timeZone: "Mars/Olympus" }])).toThrow(
      /"Mars\/Olympus" is no time zone/,
    );
  });
});
