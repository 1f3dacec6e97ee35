import type { DeviceId } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DatabaseStore } from "../../store/drizzle-store.js";
import { openEmbeddedStore } from "../../store/embedded-store.js";
import { deviceOf, openDriftForTest, textOf, type OpenedDrift } from "../testing/open-drift.js";
import { sampleMonitored } from "../testing/sample-profile.js";
import { monitoredVersion } from "../references/monitored-version.js";
import type { MonitoredVersion } from "../references/monitored-version.js";

let store: DatabaseStore;
let versions = 0;
beforeAll(async () => {
  store = await openEmbeddedStore({ directory: null });
}, 120_000);
afterAll(() => store.close(), 60_000);

/** A version of its own for each test: they share the store. */
function newVersion(): MonitoredVersion {
  const { model, profile } = sampleMonitored();
  return monitoredVersion({ model, version: (versions += 1) }, profile, 0);
}

const device = (at: number): DeviceId => `device-${at}` as DeviceId;

/** So many devices say what they counted, each in a group of its own by turns. */
async function fill(drift: OpenedDrift, numDevices: number): Promise<void> {
  const takes = Array.from({ length: numDevices }, (_, at) =>
    drift.intake.take(device(at), drift.message([0.1, -0.5, 1], { replicate: at % 32 })),
  );
  await Promise.all(takes);
}

describe("a window", () => {
  test("counts once, however often it comes, and is answered each time", async () => {
    const drift = await openDriftForTest({ store, monitored: newVersion() });

    await drift.intake.take(device(1), drift.message([0.1]));
    await drift.intake.take(device(1), drift.message([0.1]));
    await Promise.all([1, 1, 2].map((at) => drift.intake.take(device(at), drift.message([0.1]))));
    await drift.closer.close();

    const [key] = await store.drift.openWindows();
    if (key === undefined) throw new Error("there is an open window");
    const { sums } = await store.drift.sumsOf(key);
    expect(drift.answers.map(({ isCounted }) => isCounted)).toEqual([true, true, true, true, true]);
    expect(sums.map(({ cohort, vector }) => [cohort, vector[drift.released.length] !== undefined])).toEqual([
      ["", true],
      ["platform=node", true],
    ]);
    const rows = sums.map(({ vector }) => vector.slice(...rowsOf()));
    expect(rows.map((cells) => [...cells])).toEqual([
      [2, 2, 2, 0],
      [2, 2, 2, 0],
    ]);
  });

  test("of another layout is refused, and the device told not to send it again", async () => {
    const drift = await openDriftForTest({ store, monitored: newVersion() });
    const message = drift.message([0.1], { layoutSha256: "a".repeat(64) });

    await expect(drift.intake.take(device(1), message)).rejects.toMatchObject({
      code: "VECTOR_LAYOUT_MISMATCH",
    });
    expect(drift.answers).toMatchObject([{ isCounted: false, window: drift.window() }]);
  });

  test("that no device can have counted is refused, and so are bytes that are no vector", async () => {
    const drift = await openDriftForTest({ store, monitored: newVersion() });
    const wrong = [
      drift.message([0.1], { vector: textOf(new Uint32Array(5)) }),
      drift.message([], { vector: "////" }),
    ];

    for (const message of wrong)
      await expect(drift.intake.take(device(1), message)).rejects.toMatchObject({ code: "VECTOR_INVALID" });
    expect(drift.answers.map(({ isCounted }) => isCounted)).toEqual([false, false]);
  });

  test("of a version without a profile is not counted", async () => {
    const drift = await openDriftForTest({ store, monitored: newVersion() });
    await drift.intake.take(device(1), drift.message([0.1], { version: 999 }));

    expect(drift.answers).toMatchObject([{ isCounted: false }]);
    expect(drift.counted.get("fedge_profile_windows_refused_total{not-monitored}")).toBe(1);
  });

  test("is late after its grace, and not begun when it is more than a window ahead", async () => {
    const drift = await openDriftForTest({ store, monitored: newVersion(), policy: { graceMs: 1000 } });
    const lengthMs = 3_600_000;
    const message = drift.message([0.1]);
    drift.clock.advance((message.window + 1) * lengthMs + 999 - drift.clock.nowMs());
    await drift.intake.take(device(1), message);
    drift.clock.advance(1);
    await drift.intake.take(device(2), message);
    await drift.intake.take(device(3), drift.message([0.1], { window: drift.window() + 1 }));
    await drift.intake.take(device(4), drift.message([0.1], { window: drift.window() + 2 }));
    await drift.closer.close();

    expect(drift.answers.map(({ isCounted }) => isCounted)).toEqual([true, false, true, false]);
  });

  test("of a device that was taken out of the fleet is refused", async () => {
    const gone = { ...deviceOf(device(1), "node"), decommissionedAtMs: 5 };
    const drift = await openDriftForTest({ store, monitored: newVersion(), device: () => gone });

    await expect(drift.intake.take(device(1), drift.message([0.1]))).rejects.toMatchObject({
      code: "DEVICE_UNKNOWN",
    });
  });
});

describe("a window that closes", () => {
  test("is released once, with what its devices counted, and nothing of them is kept", async () => {
    const monitored = newVersion();
    const drift = await openDriftForTest({ store, monitored });
    await fill(drift, 24);
    const window = drift.window();
    await drift.closeWindow();
    await drift.closer.closeDue();
    await drift.intake.take(device(1), drift.message([0.1], { window }));
    await drift.closer.close();

    expect(drift.released).toHaveLength(2);
    const kept = await store.drift.getRelease(monitored.model, monitored.version, window);
    expect(kept?.release).toMatchObject({ numDevices: 24, numRows: 72, shown: ["", "platform=node"] });
    expect(kept?.views[0]?.cells[monitored.layout.rows.at]).toBe(24);
    expect(await store.drift.openWindows()).not.toContainEqual(
      expect.objectContaining({ version: monitored.version }),
    );
    expect(drift.answers.at(-1)).toMatchObject({ isCounted: false, window });
    // The fleet was silent in the next: that is released too, and no window after it.
    expect(drift.released[1]?.release).toMatchObject({
      window: window + 1,
      verdict: "not_enough_data",
      shown: [],
    });
  });

  test("of too few devices shows nothing, and says why", async () => {
    const monitored = newVersion();
    const drift = await openDriftForTest({ store, monitored });
    await fill(drift, 19);
    await drift.closeWindow();
    await drift.closer.close();

    // Nobody reported in the next: that is released too, and no window after it.
    expect(drift.released.map(({ release, views }) => [release.numDevices, views.length])).toEqual([
      [null, 0],
      [null, 0],
    ]);
    expect(drift.released[1]?.release.suppressed).toEqual([]);
    expect(drift.released[0]?.release.suppressed).toEqual([
      { cohort: "", reason: "below-minimum" },
      { cohort: "platform=node", reason: "below-minimum" },
    ]);
    expect(drift.counted.get("fedge_windows_suppressed_total{below-minimum}")).toBe(2);
  });

  test("adds its rows to what people count when its fleet is shown, not before and not otherwise", async () => {
    const monitored = newVersion();
    const drift = await openDriftForTest({ store, monitored });
    const counted = (): number =>
      drift.counted.get(`fedge_fleet_profile_rows_total{${monitored.model}}`) ?? 0;
    const afterEach: number[] = [];
    for (const numDevices of [24, 19]) {
      await fill(drift, numDevices);
      afterEach.push(counted());
      await drift.closeWindow();
      afterEach.push(counted());
    }
    await drift.closer.close();

    // 24 devices of 3 rows; then 19, which are fewer than 20.
    expect(afterEach).toEqual([0, 72, 72, 72]);
  });

  test("is released after a restart, when it was open before", async () => {
    const monitored = newVersion();
    const before = await openDriftForTest({ store, monitored });
    await fill(before, 30);
    const startMs = before.clock.nowMs() + 10 * 3_600_000;
    await before.closer.close();
    const after = await openDriftForTest({ store, monitored, startMs });
    await after.closer.closeDue();
    await after.closer.close();

    expect(before.released).toEqual([]);
    expect(after.released[0]?.release).toMatchObject({ window: before.window(), numDevices: 30 });
  });
});

/** Where the sample's vectors have devices, rows, rows seen and failures. */
function rowsOf(): [number, number] {
  const { at, size } = sampleMonitored().layout.rows;
  return [at, at + size];
}
