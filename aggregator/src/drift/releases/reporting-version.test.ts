import { describe, expect, test } from "vitest";
import type { ReleaseRecord } from "./release-record.js";
import { reportingVersion } from "./reporting-version.js";

const HOUR_MS = 3_600_000;

const release = (version: number, window: number, numDevices: number | null): ReleaseRecord =>
  ({
    ...{ version, window, numDevices },
    ...{ beginsAtMs: window * HOUR_MS, endsAtMs: (window + 1) * HOUR_MS },
  }) as ReleaseRecord;

describe("the version that stands for a model", () => {
  test.each<[string, ReleaseRecord[], number | undefined]>([
    ["is the one that most devices report of, not a canary", [release(4, 9, 60), release(3, 9, 940)], 3],
    [
      "is not that of one device that came back with an old one",
      [release(3, 9, null), release(4, 9, 100)],
      4,
    ],
    ["is the new one once most devices have it", [release(4, 9, 700), release(3, 9, 300)], 4],
    [
      "may have reported a window or two ago, as windows end at other times",
      [release(4, 9, 5), release(3, 7, 90)],
      3,
    ],
    ["is not one of which nothing came for longer", [release(4, 9, 5), release(3, 6, 90)], 4],
    ["is the newest where all are too few to be shown", [release(4, 9, null), release(3, 9, null)], 4],
    ["is none without a release", [], undefined],
  ])("%s", (_, newest, version) => {
    expect(reportingVersion(newest)).toBe(version);
  });
});
