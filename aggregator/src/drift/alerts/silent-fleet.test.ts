import type { DeviceId } from "@fedge/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { checkDriftPolicy } from "../drift-policy.js";
import { memoryDriftStore } from "../testing/memory-drift-store.js";
import { NO_TRAINING } from "../testing/no-training.js";
import { openDriftForTest } from "../testing/open-drift.js";
import { sampleMonitored } from "../testing/sample-profile.js";
import { ToldFleet } from "../testing/told-fleet.js";
import { Alerts } from "./alerts.js";

const SILENT = ["silent-fleet/"];
const WELL = { "": {} };
const HOUR_MS = 3_600_000;

let fleet: ToldFleet;
beforeEach(() => {
  fleet = new ToldFleet(sampleMonitored());
});

/** A window in which so many devices report of each version, released in this order; fewer than twenty are not shown. */
async function window(
  at: number,
  ...numDevicesOf: readonly (readonly [version: number, numDevices: number])[]
): Promise<void> {
  const told = numDevicesOf.map(([version, numDevices]) => {
    const isShown = numDevices >= 20;
    const shown = { shifts: isShown ? WELL : {}, hidden: isShown || numDevices === 0 ? [] : [""] };
    return { ...shown, version, window: at, numDevices };
  });
  await fleet.together(told);
}

async function windows(
  from: number,
  until: number,
  ...numDevicesOf: Parameters<typeof window>[1][]
): Promise<void> {
  for (let at = from; at < until; at += 1) await window(at, ...numDevicesOf);
}

describe("a fleet of twenty, the least that is shown", () => {
  beforeEach(() => windows(1000, 1003, [3, 20]));

  // Seven tenths are 14.
  test.each([
    [19, []],
    [14, []],
    [13, SILENT],
    [0, SILENT],
  ])("is silent when less than seven tenths of it report: %d devices", async (numDevices, expected) => {
    await window(1003, [3, numDevices]);

    expect(await fleet.open()).toEqual(expected);
  });

  test("is silent no more when enough report for two windows, be they too few to show", async () => {
    await window(1003, [3, 10]);
    expect(await fleet.open()).toEqual(SILENT);
    await window(1004, [3, 19]);
    expect(await fleet.open()).toEqual(SILENT);
    await window(1005, [3, 19]);

    expect(await fleet.open()).toEqual([]);
  });

  test.each([
    [5, []],
    [3, SILENT],
  ])(
    "of which ten are left, and %d serve another version, none of them shown",
    async (numDevices, expected) => {
      await window(1003, [4, numDevices], [3, 10]);

      expect(await fleet.open()).toEqual(expected);
    },
  );
});

describe("a fleet of two versions", () => {
  test("is silent when all are silent at once", async () => {
    await windows(1000, 1003, [3, 50], [4, 50]);
    await window(1003, [3, 0], [4, 0]);

    expect(await fleet.open()).toEqual(SILENT);
  });

  test("is silent when sixty of a hundred are gone after all have installed another", async () => {
    await windows(1000, 1003, [3, 100]);
    await window(1003, [3, 100], [4, 100]);
    await window(1004, [4, 40], [3, 0]);

    expect(await fleet.open()).toEqual(SILENT);
  });

  test("is not when a hundred have installed another", async () => {
    await windows(1000, 1003, [3, 100]);
    await window(1003, [3, 100], [4, 100]);
    await window(1004, [4, 100], [3, 0]);

    expect(await fleet.open()).toEqual([]);
  });

  test("is silent when the newer one's are gone, whatever one straggler of the older one says", async () => {
    await windows(1000, 1003, [3, 1], [4, 25]);
    await window(1003, [3, 1], [4, 0]);

    expect(await fleet.open()).toEqual(SILENT);
  });
});

test.each([20, 19])(
  "a fleet of which nobody reports after a window of %d devices is silent",
  async (numBetween) => {
    const [monitored, store] = [sampleMonitored(), memoryDriftStore()];
    const counters = { count: () => undefined, observe: () => undefined };
    const alerts = new Alerts({
      ...{ store, policy: checkDriftPolicy({ minDevices: 20 }), nowMs: () => drift.clock.nowMs(), counters },
      ...{ training: NO_TRAINING, hasWebhook: false, onDeliveries: () => undefined },
    });
    const drift = await openDriftForTest({
      ...{ store: { drift: store }, monitored, alerts, startMs: 1e12 },
    });
    for (const numDevices of [20, 20, 20, numBetween, 0, 0]) {
      for (let device = 0; device < numDevices; device += 1)
        await drift.intake.take(
          `device-${device}` as DeviceId,
          drift.message([0.1, 0.2, 0.3, 0.4], { replicate: device % 4 }),
        );
      drift.clock.advance(HOUR_MS);
      await drift.closer.closeDue();
    }
    drift.clock.advance(HOUR_MS);
    await drift.closer.closeDue();

    const open = await store.listAlerts({ limit: 10 });
    expect(open.map(({ evidence }) => evidence.kind)).toEqual(["silent-fleet"]);
  },
);
