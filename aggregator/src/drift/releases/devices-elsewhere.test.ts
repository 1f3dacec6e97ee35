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
  released: readonly Pick<ReleaseRecord, "version" | "window" | "numDevices" | "suppressed">[] = [],
): Promise<number> {
  const store = {
    listReleases: async () => [...released] as ReleaseRecord[],
    openWindows: async () => open.map(([key]) => key),
    sumsOf: async (key: WindowKey) => ({ sums: open.find(([one]) => one === key)?.[1] ?? [], overlaps: [] }),
  };
  const parts = { store, versions: { of: async () => LAYOUT }, policy: { minDevices: 20 } };
  return devicesElsewhere(parts, keyOf(1, 10));
}

test("devices in the same window of other versions count, each once: cohorts hold them again", async () => {
  const sums = [sumOf("", 30), sumOf("", 25), sumOf("region=coast", 20)];

  expect(await numElsewhere([[keyOf(9, 10), sums]])).toBe(55);
});

test.each([
  ["has begun to report", 50, 30, 50],
  ["has few, because they installed yet another version", 3, 30, 30],
])(
  "of a version with two open windows the larger counts: the newer one %s",
  async (_, newer, older, most) => {
    const open = [
      [keyOf(9, 11), [sumOf("", newer)]],
      [keyOf(9, 10), [sumOf("", older)]],
    ] as const;

    expect(await numElsewhere(open)).toBe(most);
  },
);

test("windows of the version itself, of other models and of other times do not count", async () => {
  const open = [keyOf(1, 10), keyOf(2, 10, "digits"), keyOf(2, 12), keyOf(2, 8)];

  expect(await numElsewhere(open.map((key) => [key, [sumOf("", 30)]]))).toBe(0);
});

test("windows that are released count too, and a device in both windows of a version counts once", async () => {
  const released = [
    { version: 9, window: 9, numDevices: 40, suppressed: [] },
    { version: 8, window: 10, numDevices: 25, suppressed: [] },
    { version: 7, window: 8, numDevices: 90, suppressed: [] },
    { version: 6, window: 10, numDevices: null, suppressed: [] },
  ];

  expect(await numElsewhere([[keyOf(9, 10), [sumOf("", 45)]]], released)).toBe(70);
});

test("a released window that is too small to show may have one device less than are shown", async () => {
  const suppressed = [{ cohort: "", reason: "below-minimum" as const }];

  expect(await numElsewhere([], [{ version: 6, window: 10, numDevices: null, suppressed }])).toBe(19);
});
