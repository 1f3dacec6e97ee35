import { addVector } from "@fedge/protocol/profile";
import { expect, test } from "vitest";
import { buildRelease } from "../releases/build-release.js";
import { previousRelease } from "../releases/previous-release.js";
import { WHOLE_FLEET } from "../sums/window-key.js";
import { memoryDriftStore } from "../testing/memory-drift-store.js";
import { NO_TRAINING } from "../testing/no-training.js";
import { sampleMonitored } from "../testing/sample-profile.js";
import { countsOf } from "../testing/simulated-device.js";
import { Alerts } from "./alerts.js";

const HOUR_MS = 3_600_000;
const NUM_GROUPS = 6;
const policy = { minDevices: 50, minGroupDevices: 4, staleAfterMs: null };
const counters = { count: () => undefined, observe: () => undefined };

/** Devices of each cohort; the rest of the fleet has a thousand, which all have a height. */
const [SIZE_A, SIZE_B, SIZE_REST] = [60, 51, 1000];
const HEALED = "os=a";

/** Windows in which so many devices of two cohorts have the required `height` at all; where its data are broken, after each. */
async function brokenAfter(
  told: readonly (readonly [numInA: number, numInB: number])[],
): Promise<string[][]> {
  const monitored = sampleMonitored();
  const { model, profile, version } = monitored;
  const store = memoryDriftStore();
  let window = 0;
  const alerts = new Alerts({
    ...{ store, policy, counters, nowMs: () => (window + 1) * HOUR_MS },
    ...{ training: NO_TRAINING, hasWebhook: false, onDeliveries: () => undefined },
  });
  const parts = { store, versions: { of: async () => monitored }, hidden: new Map(), minDevices: 20 };
  const opened: string[][] = [];
  for (const [numInA, numInB] of told) {
    window += 1;
    const sums = [
      ...sumsOf(monitored, HEALED, { numDevices: SIZE_A, numWithHeight: numInA }),
      ...sumsOf(monitored, "os=b", { numDevices: SIZE_B, numWithHeight: numInB }),
      ...sumsOf(monitored, "os=c", { numDevices: SIZE_REST, numWithHeight: SIZE_REST }),
    ];
    const key = { model, version, window, layoutSha256: profile.layoutSha256 };
    const before = await previousRelease(parts, key, SIZE_A + SIZE_B + SIZE_REST);
    const nowMs = (window + 1) * HOUR_MS;
    const whole = buildRelease({
      ...{ monitored, policy, nowMs, before: before.views, key, sums: { sums, overlaps: [] } },
    });
    const released = { whole, before, monitored };
    await store.saveRelease(whole, await alerts.seenIn(released), { numWindows: 100 });
    await alerts.quietIn(released);
    const open = await store.listAlerts({ isOpen: true, limit: 10 });
    const broken = open.filter(({ evidence }) => evidence.kind === "data-broken");
    opened.push(broken.map(({ evidence: { cohort } }) => cohort));
  }
  return opened;
}

/** The cohort's sums, and the same for the whole fleet; each in groups of its own. */
function sumsOf(
  monitored: ReturnType<typeof sampleMonitored>,
  cohort: string,
  { numDevices, numWithHeight }: { readonly numDevices: number; readonly numWithHeight: number },
) {
  const count = countsOf(monitored);
  const groups = Array.from({ length: NUM_GROUPS }, () => new Uint32Array(monitored.layout.numCells));
  const [has, hasNot] = [true, false].map((hasHeight) =>
    count(4, (row, feature) => (feature === 1 && !hasHeight ? null : (row - 1.5) / 2)),
  ) as [Uint32Array, Uint32Array];
  for (let device = 0; device < numDevices; device += 1)
    addVector(groups[device % NUM_GROUPS] as Uint32Array, device < numWithHeight ? has : hasNot);
  const first = 10 * cohort.charCodeAt(cohort.length - 1);
  return groups.flatMap((vector, at) => [
    { cohort, replicate: at, vector },
    { cohort: WHOLE_FLEET, replicate: first + at, vector },
  ]);
}

test("data that half of a cohort lost are broken there, though too few are left to show", async () => {
  expect(
    await brokenAfter([
      [60, 51],
      [30, 51],
      [30, 51],
      [30, 51],
    ]),
  ).toEqual([[], [HEALED], [HEALED], [HEALED]]);
});

test("and are whole again after two windows in which all have them, though others' are withheld with theirs", async () => {
  // Of 49 of `os=b` nothing is shown but that two miss it, 3.9 %: below the floor. What `os=a` has would tell of them.
  expect(
    await brokenAfter([
      [60, 51],
      [30, 51],
      [60, 49],
      [60, 49],
    ]),
  ).toEqual([[], [HEALED], [HEALED], []]);
});
