import type { ModelName } from "@fedge/protocol";
import { expect, test } from "vitest";
import type { StoredSum } from "../drift-store.js";
import { sampleMonitored } from "../testing/sample-profile.js";
import { windowKeyText, type WindowKey } from "../sums/window-key.js";
import { devicesElsewhere } from "./devices-elsewhere.js";
import type { ReleaseRecord } from "./release-record.js";

const HOUR_MS = 3_600_000;
const hourly = sampleMonitored();
/** Versions from 20 on count for three hours. */
const slow = sampleMonitored({ window: { lengthMs: 3 * HOUR_MS } });
const monitoredOf = (version: number) => (version < 20 ? hourly : slow);

const keyOf = (version: number, window: number, model = "shop"): WindowKey => ({
  ...{ model: model as ModelName, version, window, layoutSha256: "" },
});

/** So many devices with rows, and others that report without any. */
const sumOf = (cohort: string, numDevices: number, numWithoutRows = 0): StoredSum => {
  const { layout } = hourly;
  const vector = new Uint32Array(layout.numCells);
  vector[layout.rows.at] = numDevices + numWithoutRows;
  vector[layout.features[0]?.weights.at ?? 0] = 256 * numDevices;
  return { cohort, replicate: 0, vector };
};

interface Told {
  readonly open?: readonly (readonly [WindowKey, readonly StoredSum[]])[];
  readonly released?: readonly (readonly [WindowKey, number | null])[];
  readonly hidden?: readonly (readonly [WindowKey, number])[];
  readonly key?: WindowKey;
}

async function numElsewhere(told: Told): Promise<number> {
  return (await elsewhere(told)).numDevices;
}

/** Of version 1 in its window 10; fewer than twenty devices are not shown. */
function elsewhere({ open = [], released = [], hidden = [], key = keyOf(1, 10) }: Told) {
  const store = {
    listReleases: async () =>
      released.map(([each, numDevices]) => {
        const { lengthMs } = monitoredOf(each.version).profile.window;
        const times = { beginsAtMs: each.window * lengthMs, endsAtMs: (each.window + 1) * lengthMs };
        const suppressed = numDevices === null ? [{ cohort: "", reason: "below-minimum" }] : [];
        return { ...each, ...times, numDevices, suppressed } as unknown as ReleaseRecord;
      }),
    openWindows: async () => open.map(([each]) => each),
    sumsOf: async (each: WindowKey) => ({
      sums: open.find(([one]) => one === each)?.[1] ?? [],
      overlaps: [],
    }),
  };
  const versions = { of: async (_: string, version: number) => monitoredOf(version) };
  const counts = new Map(hidden.map(([each, numDevices]) => [windowKeyText(each), numDevices]));
  return devicesElsewhere({ store, versions, hidden: counts, minDevices: 20 }, key);
}

test("devices in the same window of other versions count, each once: cohorts hold them again", async () => {
  const sums = [sumOf("", 30), sumOf("", 25), sumOf("region=coast", 20)];

  expect(await numElsewhere({ open: [[keyOf(9, 10), sums]] })).toBe(55);
});

test("devices without rows do not count: late labels of an old version are of devices that left it", async () => {
  expect(await numElsewhere({ open: [[keyOf(9, 10), [sumOf("", 30, 40)]]] })).toBe(30);
});

test("other windows of a version do not count: who left it meanwhile, or will come, is not here now", async () => {
  const open = [
    [keyOf(9, 11), [sumOf("", 3)]],
    [keyOf(9, 10), [sumOf("", 30)]],
    [keyOf(9, 9), [sumOf("", 50)]],
  ] as const;

  expect(await numElsewhere({ open })).toBe(30);
  expect(await numElsewhere({ released: [[keyOf(9, 9), 50]] })).toBe(0);
});

test("windows of the version itself and of other models do not count", async () => {
  const open = [keyOf(1, 10), keyOf(2, 10, "digits")];

  expect(await numElsewhere({ open: open.map((key) => [key, [sumOf("", 30)]]) })).toBe(0);
});

test("windows that are released already count too, and those that were too small to show by what they had", async () => {
  const released = [
    [keyOf(8, 10), 25],
    [keyOf(7, 10), null],
  ] as const;

  expect(await numElsewhere({ released, hidden: [[keyOf(7, 10), 12]] })).toBe(37);
});

test("windows that another process released and did not show count as the most they can have had", async () => {
  expect(await numElsewhere({ released: [[keyOf(7, 10), null]] })).toBe(19);
});

test("windows in which nobody reported count as nobody", async () => {
  expect(await numElsewhere({ released: [[keyOf(7, 10), 0]] })).toBe(0);
});

test.each([
  ["that holds this one", keyOf(20, 3), 40],
  ["before that, as devices tell of a window when it is over", keyOf(20, 2), 40],
  ["before these two", keyOf(20, 1), 0],
])("of longer windows the one counts %s", async (_, key, expected) => {
  // The hour from 10 to 11 is in the three from 9 to 12.
  expect(await numElsewhere({ released: [[key, 40]] })).toBe(expected);
});

test("of shorter windows the largest within this one counts", async () => {
  const released = [
    [keyOf(9, 29), 90],
    [keyOf(9, 30), 20],
    [keyOf(9, 31), 35],
    [keyOf(9, 33), 80],
  ] as const;

  // Of the three hours from 30 to 33, and the hour before: its devices may tell later of the next.
  expect(await numElsewhere({ released: released.slice(1), key: keyOf(20, 10) })).toBe(35);
  expect(await numElsewhere({ released, key: keyOf(20, 10) })).toBe(90);
});

test("of newer versions whose window is too small to show, released or not, devices count as hidden ahead, too", async () => {
  const open = [
    [keyOf(9, 10), [sumOf("", 19)]],
    [keyOf(8, 10), [sumOf("", 20)]],
    [keyOf(4, 10), [sumOf("", 7)]],
  ] as const;
  const released = [
    [keyOf(7, 10), null],
    [keyOf(6, 10), 25],
  ] as const;
  const hidden = [[keyOf(7, 10), 12]] as const;

  expect(await elsewhere({ open, released, hidden, key: keyOf(5, 10) })).toEqual({
    ...{ numDevices: 83, numHiddenAhead: 31 },
  });
});
