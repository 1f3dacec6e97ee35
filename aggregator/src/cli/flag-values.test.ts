import { describe, expect, test } from "vitest";
import { decimal, duration, durationWindow, serverUrl, wholeNumber } from "./flag-values.js";

describe("durations", () => {
  test.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5s", 1500],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
  ])("%s is %d milliseconds", (text, milliseconds) => {
    expect(duration(text)).toBe(milliseconds);
  });

  test.each(["", "30", "s", "-1s", "1e3s", "1w", "1s2s"])("%j is none", (text) => {
    expect(() => duration(text)).toThrow(/with its unit/);
  });

  test("a window is two of them in order", () => {
    expect(durationWindow("5s..1m")).toEqual({ minMs: 5000, maxMs: 60_000 });
    expect(() => durationWindow("5s")).toThrow(/two durations/);
    expect(() => durationWindow("1s..2s..3s")).toThrow(/two durations/);
  });
});

describe("numbers", () => {
  test.each(["", " ", "3x", "1.5", "0x10", "NaN", "1e3"])("%j is no whole number", (text) => {
    expect(() => wholeNumber({ least: 0 })(text)).toThrow(/whole number of at least 0/);
  });

  test("the bounds of a whole number are its own", () => {
    const read = wholeNumber({ least: 1, most: 3 });

    expect([read("1"), read("3")]).toEqual([1, 3]);
    expect(() => read("4")).toThrow(/at least 1 and at most 3/);
  });

  test.each(["", "NaN", "Infinity", "0", "1.1"])("%j is no fraction above 0", (text) => {
    expect(() => decimal({ above: 0, most: 1 })(text)).toThrow(/above 0 and at most 1/);
  });
});

test("a server is an http or https URL", () => {
  expect(serverUrl("http://localhost:8787/")).toBe("http://localhost:8787");
  expect(() => serverUrl("localhost:8787")).toThrow(/http:\/\/127/);
});
