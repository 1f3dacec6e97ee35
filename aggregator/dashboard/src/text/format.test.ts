import { expect, test } from "vitest";
import { formatBytes, formatDuration, formatFraction } from "./format.js";

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
