import type { ModelName } from "@fedge/protocol";
import { expect, test } from "vitest";
import type { StoredSum } from "../drift-store.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import type { ReleaseRecord } from "./release-record.js";
import type { WindowKey } from "../sums/window-key.js";
import { devicesElsewhere } from "./devices-elsewhere.js";

const keyOf = (version: number, window: number, model = "shop"): WindowKey => ({
  ...{ model: model as ModelName, version, window, layoutSha256: "" },
});
const sumOf = (cohort: string, numDevices: number): StoredSum => ({
  ...{ cohort, replicate: 0, vector: Uint32Array.of(numDevices) },
});
const LAYOUT = { layout: { rows: { at: 0, size: 4 } } } as MonitoredVersion;

function numElsewhere(
  open: readonly (readonly [WindowKey, readonly StoredSum[]])[],
  released: readonly Pick<ReleaseRecord, "version" | "window" | "numDevices">[] = [],
): Promise<number> {
  const store = {
    listReleases: async () => [...released] as ReleaseRecord[],
    openWindows: async () => open.map(([key]) => key),
    sumsOf: async (key: WindowKey) => ({ sums: open.find(([one]) => one === key)?.[1] ?? [], overlaps: [] }),
  };
  return devicesElsewhere({ store, versions: { of: async () => LAYOUT } }, keyOf(1, 10));
}

test("devices in the same window of other versions count, each once: cohorts hold them again", async () => {
  const sums = [sumOf("", 30), sumOf("", 25), sumOf("region=coast", 20)];

  expect(await numElsewhere([[keyOf(9, 10), sums]])).toBe(55);
});

test("of a version with two open windows the newer one counts", async () => {
  const open = [
    [keyOf(9, 11), [sumOf("", 50)]],
    [keyOf(9, 10), [sumOf("", 30)]],
  ] as const;

  expect(await numElsewhere(open)).toBe(50);
});

test("windows of the version itself, of other models and of other times do not count", async () => {
  const open = [keyOf(1, 10), keyOf(2, 10, "digits"), keyOf(2, 12), keyOf(2, 8)];

  expect(await numElsewhere(open.map((key) => [key, [sumOf("", 30)]]))).toBe(0);
});

test("windows that are released count too, and a device in both windows of a version counts once", async () => {
  const released = [
    { version: 9, window: 9, numDevices: 40 },
    { version: 8, window: 10, numDevices: 5 },
    { version: 7, window: 8, numDevices: 90 },
    { version: 6, window: 10, numDevices: null },
  ];

  expect(await numElsewhere([[keyOf(9, 10), [sumOf("", 45)]]], released)).toBe(50);
});
