import type { DeviceId, ModelName } from "@fedge/protocol";
import type { NumericFeature } from "@fedge/protocol/profile";
import { beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_WINDOW } from "../profiles/build-profile.js";
import type { FeatureDraft } from "../profiles/feature-drafts.js";
import { outlineProfile } from "../profiles/outline-profile.js";
import { memoryDriftStore } from "../testing/memory-drift-store.js";
import { openDriftForTest, textOf, type OpenedDrift } from "../testing/open-drift.js";
import { countsOf, seededNormal } from "../testing/simulated-device.js";
import { withMergedBins } from "./merged-bins.js";
import { monitoredVersion } from "./monitored-version.js";
import { referenceOfWindows } from "./reference-of-windows.js";

const [NUM_DEVICES, NUM_ROWS] = [60, 100];
const MODEL = "people" as ModelName;
const DRAFT: FeatureDraft = {
  ...{ name: "age", source: { take: "field", name: "age" }, role: "input" },
  ...{ privacy: "public", form: "infer" },
};

/** What nobody has in one place but this test: ages of all rows of all devices. */
const ages: number[] = [];
let drift: OpenedDrift;
let reference: NumericFeature;
beforeAll(async () => {
  const profile = outlineProfile({
    ...{ model: MODEL, drafts: [DRAFT], window: DEFAULT_WINDOW },
    shape: { inputs: [], outputs: [] },
    expectations: new Map([["age", { min: 0, max: 100 }]]),
  });
  const monitored = monitoredVersion({ model: MODEL, version: 1 }, profile, 0);
  drift = await openDriftForTest({ store: { drift: memoryDriftStore() }, monitored });
  const { normal } = seededNormal("ages");
  const count = countsOf(monitored);
  for (let device = 0; device < NUM_DEVICES; device += 1) {
    const own = Array.from({ length: NUM_ROWS }, () => 40 + 12 * normal());
    ages.push(...own);
    const message = drift.message([], {
      replicate: device % 4,
      vector: textOf(count(NUM_ROWS, (row) => own[row] ?? null)),
    });
    await drift.intake.take(`device-${device}` as DeviceId, message);
  }
  await drift.closeWindow();
  const views = drift.released.flatMap((whole) => whole.views.filter(({ cohort }) => cohort === ""));
  const counted = referenceOfWindows(monitored, { views, withPredictions: true });
  expect(counted.numRows).toBe(NUM_DEVICES * NUM_ROWS);
  reference = withMergedBins(counted.features[0] as NumericFeature, 20) as NumericFeature;
});

describe("a fleet that counts what was only expected", () => {
  test("is judged by nothing, for there is nothing to compare with", () => {
    expect(drift.released[0]?.release).toMatchObject({ numDevices: NUM_DEVICES, verdict: "not_testable" });
  });

  test("gives a reference whose bins hold exactly its rows", () => {
    const { edges, counts } = reference;
    const inBins = edges.slice(1).map((end, at) => {
      return ages.filter((age) => age >= (edges[at] as number) && age < end).length;
    });
    const below = ages.filter((age) => age < 0).length;

    expect(counts).toEqual([...inBins, below, 0, 0, 0, 0]);
  });

  test("of about equal mass, as far as the expected range could be divided", () => {
    const inside = reference.counts.slice(0, -5);

    expect(inside.length).toBeGreaterThanOrEqual(15);
    // A fine bin is 100/64 wide: at the mode of N(40, 12) it has 5.2 % of the rows.
    for (const count of inside) expect(count / ages.length).toBeLessThan(0.05 + 0.052);
  });

  test("and the mean and deviation of its rows", () => {
    const mean = ages.reduce((sum, age) => sum + age, 0) / ages.length;
    const variance = ages.reduce((sum, age) => sum + (age - mean) ** 2, 0) / ages.length;

    // Sums are rounded to a 64th, squares to a 16th of the expected deviation 28.9, for each row without bias.
    expect(Math.abs(reference.mean - mean)).toBeLessThan(0.02);
    expect(Math.abs(reference.std - Math.sqrt(variance))).toBeLessThan(0.3);
  });
});
