import { expect, test } from "vitest";
import { checkDriftPolicy } from "../drift-policy.js";
import { sampleMonitored } from "../testing/sample-profile.js";
import type { ReleaseRecord } from "./release-record.js";
import { windowTimes } from "./window-times.js";

const HOUR_MS = 3_600_000;
const monitored = sampleMonitored();
const policy = checkDriftPolicy({ graceMs: HOUR_MS / 2 });

function release(window: number): ReleaseRecord {
  return {
    ...{ model: monitored.model, version: 3, layoutSha256: "", window, releasedAtMs: 0, numTests: 0 },
    ...{ beginsAtMs: window * HOUR_MS, endsAtMs: (window + 1) * HOUR_MS, numDevices: 60, numRows: 600 },
    ...{ verdict: "ok" as const, reason: "", shown: [""], suppressed: [], withheld: [], driftedShare: 0 },
  };
}

test("the next release is half an hour after the present window without any before", () => {
  const { nextReleaseAtMs, windowMs } = windowTimes(monitored, {
    releases: [],
    policy,
    nowMs: 10.75 * HOUR_MS,
  });

  expect([windowMs, nextReleaseAtMs]).toEqual([HOUR_MS, 11.5 * HOUR_MS]);
});

test("a window within its grace is the next, until it was released", () => {
  const nowMs = 10.25 * HOUR_MS;

  expect(windowTimes(monitored, { releases: [release(8)], policy, nowMs }).nextReleaseAtMs).toBe(
    10.5 * HOUR_MS,
  );
  expect(windowTimes(monitored, { releases: [release(9)], policy, nowMs }).nextReleaseAtMs).toBe(
    11.5 * HOUR_MS,
  );
});

test("windows come oldest first, though releases are given newest first", () => {
  const { recent } = windowTimes(monitored, { releases: [release(9), release(8)], policy, nowMs: 0 });

  expect(recent.map(({ window }) => window)).toEqual([8, 9]);
});
