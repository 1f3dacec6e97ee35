import { describe, expect, test } from "vitest";
import {
  abortValue,
  armsValue,
  endTime,
  gateValue,
  rateValue,
  startTime,
  stepTimeoutsValue,
  versionName,
  waveValue,
} from "./rollout-values.js";
import { windowValue } from "./window-value.js";

describe("waves", () => {
  test.each([
    ["first:5:4h", { name: "first", percent: 5, soakMs: 14_400_000 }],
    ["1 %:1%:30s", { name: "1 %", percent: 1, soakMs: 30_000 }],
    ["all:100:0s:manual", { name: "all", percent: 100, soakMs: 0, isManual: true }],
    ["eu:0.5:1d@region == eu", { name: "eu", percent: 0.5, soakMs: 86_400_000, filter: "region == eu" }],
    ["all:100:1h:abort", { name: "all", percent: 100, soakMs: 3_600_000, onInconclusive: "abort" }],
    [
      "eu:5:1m:manual:accept-estimate@tag == a",
      {
        ...{ name: "eu", percent: 5, soakMs: 60_000, isManual: true, filter: "tag == a" },
        onInconclusive: "accept-estimate",
      },
    ],
    [
      "eu:5:1m:manual@seen < 2026-11-24T08:00Z",
      { name: "eu", percent: 5, soakMs: 60_000, isManual: true, filter: "seen < 2026-11-24T08:00Z" },
    ],
  ])("%s", (text, wave) => {
    expect(waveValue(text)).toEqual(wave);
  });

  test.each(["", "first", "first:5", "first:5:", ":5:4h", "first:101:4h", "first:-1:4h", "first:5:4h:auto"])(
    "%j is none",
    (text) => {
      expect(() => waveValue(text)).toThrow(/NAME:PERCENT:SOAK/);
    },
  );

  test("a soak without its unit is refused", () => {
    expect(() => waveValue("first:5:4")).toThrow(/with its unit/);
  });
});

describe("what ends a rollout", () => {
  test("is a share of failures and the reports that it takes", () => {
    expect(abortValue("0.2:10")).toEqual({ atErrors: 0.2, minReports: 10 });
  });

  test.each(["0.2", "0:10", "1.1:10", "0.2:0", "0.2:10:3"])("%j is none", (text) => {
    expect(() => abortValue(text)).toThrow(/It takes/);
  });

  test("is a time, or none", () => {
    expect([endTime("2026-12-05T06:00Z"), endTime("none")]).toEqual([Date.UTC(2026, 11, 5, 6), null]);
  });
});

describe("times for steps", () => {
  test("are named by state, and later ones count", () => {
    expect(stepTimeoutsValue("verifying=1h, staged=2m", { verifying: 5, downloading: 7 })).toEqual({
      ...{ verifying: 3_600_000, staged: 120_000, downloading: 7 },
    });
  });

  test.each(["", "verifying", "committed=1h", "verifying=1h=2h", "verifying=5"])("%j is none", (text) => {
    expect(() => stepTimeoutsValue(text, undefined)).toThrow(/It takes/);
  });
});

describe("gates", () => {
  test.each([
    [
      "error-rate:+0.01",
      { metric: "error-rate", tolerance: { absolute: 0.01 }, minSample: 500, alpha: 0.01 },
    ],
    ["latency-p95:20%", { metric: "latency-p95", tolerance: { relative: 0.2 }, minSample: 500, alpha: 0.01 }],
    [
      "proxy:accepted:+0.02:200:0.05@tag == beta",
      {
        ...{ metric: "proxy:accepted", tolerance: { absolute: 0.02 }, minSample: 200, alpha: 0.05 },
        segment: "tag == beta",
      },
    ],
  ])("%s", (text, gate) => {
    expect(gateValue(text)).toEqual(gate);
  });

  test.each(["", "error-rate", "error-rate:", "error-rate:x", "error-rate:+0.01:1.5", "error-rate:0.01:9:2"])(
    "%j is none",
    (text) => {
      expect(() => gateValue(text)).toThrow(/METRIC:\+TOLERANCE/);
    },
  );

  test("a metric that does not exist is answered with those that do", () => {
    expect(() => gateValue("errors:+0.01")).toThrow(/no metric errors; take error-rate, /);
  });
});

describe("rates, times, versions", () => {
  test("a rate alone does not grow", () => {
    expect(rateValue("50")).toEqual({ basePerMinute: 50, factor: 1, growAt: 1_000_000, maxPerMinute: 50 });
  });

  test("a rate may double for every thousand devices up to a most", () => {
    expect(rateValue("50:2:1000:400")).toEqual({
      ...{ basePerMinute: 50, factor: 2, growAt: 1000, maxPerMinute: 400 },
    });
  });

  test("no rate is none", () => {
    expect(rateValue("none")).toBeNull();
  });

  test.each(["", "fast", "50:2", "50:2:1000", "-1"])("%j is no rate", (text) => {
    expect(() => rateValue(text)).toThrow(/devices per minute/);
  });

  test("a start has a zone", () => {
    expect(startTime("2023-11-14T23:13:20+01:00")).toBe(1_700_000_000_000);
    expect(() => startTime("2023-11-14T22:13")).toThrow(/with its zone/);
    expect(() => startTime("2023-13-14T22:13Z")).toThrow(/with its zone/);
  });

  test("a version names its model", () => {
    expect(versionName("digits@7")).toEqual({ model: "digits", version: 7 });
    for (const text of ["digits", "digits@", "digits@0", "@7", "digits@x"]) {
      expect(() => versionName(text)).toThrow(/such as digits@7/);
    }
  });

  test("arms are at least two versions", () => {
    expect(armsValue("6, 7,8")).toEqual([6, 7, 8]);
    for (const text of ["6", "6,", "6,x", "0,7", ""])
      expect(() => armsValue(text)).toThrow(/two or more versions/);
  });
});

describe("maintenance windows", () => {
  test.each([
    ["mon-fri 22:00-04:00 Europe/Berlin", [1, 2, 3, 4, 5], 1320, 360, "Europe/Berlin"],
    ["daily 01:00-05:30", [0, 1, 2, 3, 4, 5, 6], 60, 270, "UTC"],
    ["fri-mon 00:00-24:00 UTC", [0, 1, 5, 6], 0, 1440, "UTC"],
    ["sat,sun 9:00-9:00 Asia/Tokyo", [0, 6], 540, 1440, "Asia/Tokyo"],
  ])("%s", (text, days, startMinute, durationMinutes, timeZone) => {
    expect(windowValue(text)).toEqual({ days, startMinute, durationMinutes, timeZone });
  });

  test.each([
    "",
    "mon",
    "mon 22:00",
    "moon 22:00-23:00",
    "mon-fri-sat 1:00-2:00",
    "mon 24:00-01:00",
    "mon 1:60-2:00",
  ])("%j is none", (text) => {
    expect(() => windowValue(text)).toThrow(/days, times and a zone/);
  });

  test("a zone that does not exist is named", () => {
    expect(() => windowValue("mon 1:00-2:00 Europe/Berlun")).toThrow(/no time zone Europe\/Berlun/);
  });
});
