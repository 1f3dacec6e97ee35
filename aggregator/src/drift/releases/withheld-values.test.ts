import { addVector, numValueCells, type FeatureValue } from "@fedge/protocol/profile";
import { describe, expect, test } from "vitest";
import { WHOLE_FLEET } from "../sums/window-key.js";
import { countsOf } from "../testing/simulated-device.js";
import { normalFeature, sampleMonitored } from "../testing/sample-profile.js";
import { buildRelease } from "./build-release.js";
import { featureDetailOf } from "./feature-detail.js";
import { featureRowsOf } from "./feature-rows.js";
import type { ReleasedView } from "./release-record.js";

const policy = { minDevices: 50, minGroupDevices: 4 };
const NUM_GROUPS = 6;

/** A field that is required, or one that nearly no row of the reference has. */
const required = sampleMonitored();
const rare = normalFeature("height", { required: false });
rare.counts.fill(0);
rare.counts.splice(0, 1, 1000);
rare.counts.splice(numValueCells(rare) - 3, 1, 49_000);
const optional = sampleMonitored({ features: [normalFeature("age"), rare] });

interface Cohort {
  readonly cohort: string;
  /** Of these the first so many have a height, of 2.5 or these in turn; each has four rows. */
  readonly numDevices: number;
  readonly numWithHeight: number;
  readonly numRows?: number;
  readonly heights?: readonly FeatureValue[];
  /** What the others have. */
  readonly other?: FeatureValue;
}

function released(monitored: typeof required, cohorts: readonly Cohort[]): readonly ReleasedView[] {
  const { layout, profile, model } = monitored;
  const count = countsOf(monitored);
  const sums = cohorts.flatMap(
    ({ cohort, numDevices, numWithHeight, numRows = 4, heights = [2.5], other }) => {
      const groups = Array.from({ length: NUM_GROUPS }, () => new Uint32Array(layout.numCells));
      for (let device = 0; device < numDevices; device += 1) {
        const heightOf = (row: number): FeatureValue =>
          (device < numWithHeight ? heights[row % heights.length] : other) ?? null;
        const vector = count(numRows, (row, feature) => (feature === 0 ? (row - 1.5) / 2 : heightOf(row)));
        addVector(groups[device % NUM_GROUPS] as Uint32Array, vector);
      }
      return groups.map((vector, replicate) => ({ cohort, replicate, vector }));
    },
  );
  return buildRelease({
    ...{ monitored, policy, nowMs: 0, before: [] },
    key: { model, version: 3, layoutSha256: profile.layoutSha256, window: 1 },
    sums: { sums, overlaps: [] },
  }).views;
}

const fleetOf = (monitored: typeof required, numWithHeight: number, change: Partial<Cohort> = {}) => {
  const [view] = released(monitored, [{ cohort: WHOLE_FLEET, numDevices: 60, numWithHeight, ...change }]);
  if (view === undefined) throw new Error("the fleet is large enough");
  const row = featureRowsOf(monitored, view, []).find(({ name }) => name === "height");
  return { view, row };
};

describe("an optional field that one of sixty devices has", () => {
  const { view, row } = fleetOf(optional, 1);

  test("is withheld, and said to be", () => {
    expect(view.withheld).toEqual([{ part: "feature:height", reason: "below-minimum" }]);
    expect(row).toMatchObject({ verdict: "not_enough_data", reason: "too few devices counted it" });
  });

  test("leaves nothing of its values in what is released", () => {
    const [, height] = optional.layout.features;
    if (height === undefined) throw new Error("there is a height");
    const { counts, weights, contributors, moments } = height;
    for (const { at, size } of [counts, weights, contributors, moments])
      expect(view.cells.slice(at, at + size).every((cell) => cell === 0)).toBe(true);
    const { psi, jensenShannon, meanShift, errors } = view.features[1] ?? {};
    expect([psi?.value, jensenShannon?.value, meanShift, errors]).toEqual([0, 0, null, {}]);
  });

  test("is missing in 59 of 60 devices, which is known still", () => {
    expect(row).toMatchObject({ score: null, psi: null, unseen: null, numRows: 0 });
    expect(row?.missing).toBeCloseTo(59 / 60, 12);
  });

  test("hides no other feature", () => {
    const age = featureRowsOf(optional, view, []).find(({ name }) => name === "age");

    expect(age).toMatchObject({ numRows: 240, numDevices: 60, score: expect.any(Number) });
  });
});

test.each([
  [49, 0],
  [50, 200],
  [60, 240],
])("of a field that %d of sixty devices have %d rows with a value are shown", (numWithHeight, numRows) => {
  const { view } = fleetOf(optional, numWithHeight);
  const [, height] = optional.layout.features;
  const { at = 0, size = 0 } = height?.counts ?? {};
  const missing = at + size - 3;
  const shown = view.cells.slice(at, at + size).reduce((sum, cell) => sum + cell, 0);

  expect(shown - (view.cells[missing] ?? 0)).toBe(numRows);
});

test("a field that nobody has is shown as missing: there is nothing to tell of anybody", () => {
  const { view, row } = fleetOf(optional, 0);

  expect(view.withheld).toEqual([]);
  expect(row).toMatchObject({ numRows: 240, missing: 1 });
});

describe("a field that is required", () => {
  test("is broken when nearly all devices lost it, though the values of the others are withheld", () => {
    const { view, row } = fleetOf(required, 1);

    expect(view.withheld).toHaveLength(1);
    expect(row).toMatchObject({ verdict: "broken_data" });
    expect(row?.reason).toMatch(/^98\.3 % missing or not as the schema says/);
  });

  test("is not said to be broken of fewer rows than a verdict needs", () => {
    // 60 rows; a verdict needs 100.
    expect(fleetOf(required, 1, { numRows: 1 }).row).toMatchObject({ verdict: "not_enough_data" });
  });
});

test.each<[string, FeatureValue]>([
  ["text", "n/a"],
  ["infinite", Number.POSITIVE_INFINITY],
])(
  "a field that is %s in all devices but one is withheld, as these are no values, and broken",
  (_, other) => {
    const { view, row } = fleetOf(required, 1, { other });

    expect(view.withheld).toEqual([{ part: "feature:height", reason: "below-minimum" }]);
    expect(row).toMatchObject({ score: null, numRows: 0, verdict: "broken_data" });
  },
);

test("how many values of the few are none of a closed list is not said: what is broken is what is missing", () => {
  const { counts: _, ...height } = rare;
  const closed = sampleMonitored({
    features: [
      normalFeature("age"),
      {
        ...{ name: height.name, source: height.source, role: height.role, privacy: height.privacy },
        ...{ importance: 1, required: true, mostly: 1, floors: height.floors },
        ...{
          kind: "categorical",
          isClosed: true,
          categories: ["low", "high"],
          counts: [1000, 49_000, 0, 0, 0],
        },
      },
    ],
  });
  const { view } = fleetOf(closed, 1, { heights: ["low", "low", "low", "odd"] });
  const { broken, missing } = view.features[1] ?? {};

  expect(missing?.value).toBeCloseTo(59 / 60, 12);
  expect([broken?.value, broken?.error]).toEqual([missing?.value, missing?.error]);
});

test("scores by their tenths are withheld with the score that few devices have", () => {
  const source = { take: "top-score", of: "output", name: "scores" } as const;
  const features = [normalFeature("age"), normalFeature("height", { role: "score", source })];
  const scored = sampleMonitored({ features, outcomes: { numClasses: 3, output: "scores" } });
  const { scores } = scored.layout;
  const cells = [59, 10].map((numWithout) => {
    const vector = new Uint32Array(scored.layout.numCells);
    vector.set([4, 3800], scores.at + 36);
    const groups = Array.from({ length: NUM_GROUPS }, () => new Uint32Array(scored.layout.numCells));
    for (let device = 0; device < 60; device += 1) {
      const has = device >= numWithout;
      const own = countsOf(scored)(4, (row, feature) => (feature === 0 ? row / 4 : has ? 0.95 : null));
      addVector(groups[device % NUM_GROUPS] as Uint32Array, own);
      if (has) addVector(groups[device % NUM_GROUPS] as Uint32Array, vector);
    }
    const { layoutSha256 } = scored.profile;
    const { views } = buildRelease({
      ...{ monitored: scored, policy, nowMs: 0, before: [] },
      key: { model: scored.model, version: 3, layoutSha256, window: 1 },
      sums: {
        sums: groups.map((each, replicate) => ({ cohort: WHOLE_FLEET, replicate, vector: each })),
        overlaps: [],
      },
    });
    return views[0]?.cells.slice(scores.at, scores.at + scores.size);
  });

  expect(cells[0]).toEqual(new Array(scores.size).fill(0));
  expect(cells[1]?.slice(36)).toEqual([200, 190_000, 0, 0]);
});

test("a field is withheld of a cohort by which the whole would tell what few devices of another have", () => {
  const views = released(optional, [
    { cohort: WHOLE_FLEET, numDevices: 120, numWithHeight: 58 },
    { cohort: "os=a", numDevices: 60, numWithHeight: 55 },
    { cohort: "os=b", numDevices: 60, numWithHeight: 3 },
  ]);

  const [view] = views;
  if (view === undefined) throw new Error("the whole is shown");

  expect(views.map(({ cohort, withheld }) => [cohort, withheld.map(({ reason }) => reason)])).toEqual([
    ["", []],
    ["os=a", ["complement"]],
    ["os=b", ["below-minimum"]],
  ]);
  // Nobody changed his cohort: nothing can be said of it, rather than that both are gone.
  const parts = { monitored: optional, view, views, history: [], before: views };
  const { mix, cohorts } = featureDetailOf("height", { ...parts, numTests: 2, suggestedFloor: null });
  expect(mix).toEqual([]);
  expect(cohorts.map(({ score }) => score === null)).toEqual([false, true, true]);
});
