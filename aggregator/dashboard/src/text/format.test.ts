import { expect, test } from "vitest";
import { formatAgo, formatBytes, formatCountdown, formatDuration, formatFraction } from "./format.js";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.00 kB"],
  [12_340, "12.3 kB"],
  [123_400, "123 kB"],
  [8_000_000, "8.00 MB"],
  [5e15, "5000 TB"],
])("%d bytes are %s", (sizeBytes, text) => {
  expect(formatBytes(sizeBytes)).toBe(text);
});

test.each([
  [420, "420 ms"],
  [8000, "8.0 s"],
  [61_000, "1 min 1 s"],
  [3_720_000, "1 h 2 min"],
])("%d ms are %s", (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

test("a fraction is a percentage, and a missing one a dash", () => {
  expect([formatFraction(0.9674), formatFraction(null)]).toEqual(["96.74 %", "–"]);
});

test.each([
  [-5000, "just now"],
  [1000, "1 s ago"],
  [12_900, "12 s ago"],
  [60_000, "1 min ago"],
  [3_599_999, "59 min ago"],
  [5 * 3_600_000, "5 h ago"],
  [49 * 3_600_000, "2 d ago"],
])("what was %d ms before now was %s", (sinceMs, text) => {
  expect(formatAgo(1_000_000_000, 1_000_000_000 + sinceMs)).toBe(text);
});

test.each([
  [-1, "0 s"],
  [6_001, "7 s"],
  [249_000, "4 min 09 s"],
  [3_725_000, "1 h 02 min 05 s"],
])("%d ms before the end the countdown says %s", (leftMs, text) => {
  expect(formatCountdown(leftMs)).toBe(text);
});
