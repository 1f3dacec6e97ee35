import type { DeviceId } from "@fedge/protocol";
import { beforeEach, expect, test } from "vitest";
import { memoryDriftStore } from "../testing/memory-drift-store.js";
import { openDriftForTest } from "../testing/open-drift.js";
import { sampleMonitored } from "../testing/sample-profile.js";
import type { ReleasedWindow, WindowCloserOptions } from "./window-closer.js";

const HOUR_MS = 3_600_000;

/** What the alerts are asked of which window and version, in its order. */
let asked: string[];
beforeEach(() => (asked = []));

const nameOf = (deed: string, { whole: { release } }: ReleasedWindow, first: number): string =>
  `${deed} ${release.window - first} v${release.version}`;

function alertsFrom(first: number, failing: Set<string>): WindowCloserOptions["alerts"] {
  const told = (deed: string, released: ReleasedWindow): void => {
    const name = nameOf(deed, released, first);
    if (failing.delete(name)) throw new Error("the disk is full");
    asked.push(name);
  };
  return {
    seenIn: async (released) => {
      told("seen", released);
      return { alerts: [], deliveries: [] };
    },
    quietIn: async (released) => told("quiet", released),
    exclusively: (run) => run(),
  };
}

/** Two windows of version 3, the first of version 4 too, closed when both are over. */
async function closed(...failing: readonly string[]) {
  const failures = new Set(failing);
  const monitored = sampleMonitored();
  const first = Math.floor(1e12 / HOUR_MS);
  const drift = await openDriftForTest({
    ...{ store: { drift: memoryDriftStore() }, monitored, otherVersions: [4], startMs: 1e12 },
    alerts: alertsFrom(first, failures),
  });
  const { clock, closer, intake, message } = drift;
  for (const version of [3, 4]) await intake.take("a" as DeviceId, message([0.1], { version }));
  clock.advance(HOUR_MS);
  await intake.take("a" as DeviceId, message([0.1], { version: 3 }));
  clock.advance(2 * HOUR_MS);
  await closer.closeDue();
  return drift;
}

test("of one time, what each version has is told before what any of them has not, and the older time first", async () => {
  await closed();

  expect(asked.filter((each) => each.includes(" 0 "))).toEqual([
    ...["seen 0 v3", "seen 0 v4", "quiet 0 v3", "quiet 0 v4"],
  ]);
  expect(asked.indexOf("quiet 0 v4")).toBeLessThan(asked.indexOf("seen 1 v3"));
});

test("a window that could not be released is released later, and keeps no other from it", async () => {
  const { clock, closer } = await closed("seen 0 v3");
  expect(asked).not.toContain("quiet 0 v3");
  expect(asked).toContain("quiet 0 v4");

  clock.advance(10_000);
  await closer.closeDue();
  expect(asked.slice(-2)).toEqual(["seen 0 v3", "quiet 0 v3"]);
});

test("a quiet window that could not be noted is no failure of the release", async () => {
  const { released } = await closed("quiet 0 v3");

  expect(asked).toContain("quiet 0 v4");
  expect(released.filter(({ release }) => release.version === 3).length).toBeGreaterThanOrEqual(2);
});
