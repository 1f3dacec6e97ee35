import type { DeviceId } from "@fedge/protocol";
import { beforeAll, expect, test } from "vitest";
import type { VersionRecord } from "../rounds/journal.js";
import { checkDriftPolicy } from "./drift-policy.js";
import { DriftMonitoring } from "./drift-monitoring.js";
import { RefusedWindows } from "./intake/refused-windows.js";
import { memoryDriftStore } from "./testing/memory-drift-store.js";
import { openDriftForTest, type OpenedDrift } from "./testing/open-drift.js";
import { sampleMonitored } from "./testing/sample-profile.js";

const monitored = sampleMonitored();
const { model, version } = monitored;
let drift: OpenedDrift;
let monitoring: DriftMonitoring;

beforeAll(async () => {
  const store = memoryDriftStore();
  const platformOf = (deviceId: DeviceId): string => (Number(deviceId.slice(7)) < 6 ? "browser" : "node");
  drift = await openDriftForTest({ store: { drift: store }, monitored, platformOf });
  monitoring = new DriftMonitoring({
    control: {
      listModels: async () => [model],
      latestVersion: async () => ({ version }) as VersionRecord,
      countDevices: async () => ({ total: 0, byPresence: {}, untrusting: {}, byServing: {} }),
      pastReleases: async () => [],
    },
    ...{ store, versions: { of: async () => monitored }, refused: new RefusedWindows() },
    alerts: { act: () => Promise.reject(new Error()), decide: () => Promise.reject(new Error()) },
    policy: checkDriftPolicy({ minDevices: 20 }),
    nowMs: () => drift.clock.nowMs(),
  });
});

/** 24 devices in Node and 6 in browsers, too few of these to be shown. */
async function fillWindow(): Promise<void> {
  for (let device = 0; device < 30; device += 1)
    await drift.intake.take(`device-${device}` as DeviceId, drift.message([1, 2, 3], { replicate: device }));
  await drift.closeWindow();
}

test("before the first release no cohort is named, and none is refused", async () => {
  expect(await monitoring.model(model, { cohort: "region=eu" })).toMatchObject({
    release: null,
    cohorts: [],
  });
});

test("a cohort that is not shown is answered, one that no release names is not found", async () => {
  await fillWindow();
  const hidden = await monitoring.model(model, { cohort: "platform=browser" });

  const [filled] = drift.released;
  expect(filled?.release.suppressed.map(({ cohort }) => cohort)).toContain("platform=browser");
  expect(hidden.outcomes).toBeNull();
  await expect(monitoring.model(model, { cohort: "region=eu" })).rejects.toMatchObject({
    code: "DATA_MISSING",
  });
});
