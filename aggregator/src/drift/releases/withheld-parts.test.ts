import { addVector } from "@fedge/protocol/profile";
import { describe, expect, test } from "vitest";
import { outcomesView } from "../outcomes/outcomes-view.js";
import { WHOLE_FLEET } from "../sums/window-key.js";
import { countsOf } from "../testing/simulated-device.js";
import { normalFeature, sampleMonitored } from "../testing/sample-profile.js";
import { buildRelease } from "./build-release.js";
import { featureDetailOf } from "./feature-detail.js";
import { featureRowsOf } from "./feature-rows.js";
import type { ReleasedView } from "./release-record.js";

const NUM_DEVICES = 60;
const policy = { minDevices: 50, minGroupDevices: 4 };
const truth = normalFeature("truth", {
  ...{ role: "label", source: { take: "value", of: "label", name: "label", at: 0 } },
});
const monitored = sampleMonitored({
  features: [normalFeature("age"), truth],
  outcomes: { numClasses: 3, output: "scores" },
});
const { layout, profile } = monitored;
const [, truthCells] = layout.features;
if (truthCells === undefined) throw new Error("there is a label");

/** Four rows of a device; one that labels says 2.5 of each of two rows, right once, at a score of 0.95. */
function vectorOf(isLabelling: boolean): Uint32Array {
  const numRows = 4;
  const count = countsOf({ ...monitored, profile, layout });
  const vector = count(numRows, (_, feature) => (feature === 0 ? 0.1 : 2.5));
  const { counts, weights, contributors, moments } = truthCells as NonNullable<typeof truthCells>;
  if (!isLabelling) {
    for (const { at, size } of [counts, weights, contributors, moments]) vector.fill(0, at, at + size);
    return vector;
  }
  const own = vector.subarray(counts.at, counts.at + counts.size);
  own.set(own.map((rows) => rows / 2));
  vector.set([320, 200], moments.at);
  vector.set([2, 1, 2, 100, 0], layout.labels.at);
  vector[layout.delays.at + 3] = 2;
  vector.set([1, 1], layout.confusion.at);
  vector.set([4, 3800, 2, 1], layout.scores.at + 9 * 4);
  vector.set([1, 0, 0, 1, 3, 1, 0], layout.shadow.at);
  vector.set([1, 1, 1], layout.contributors.at);
  return vector;
}

/** What is released of a fleet of which the first so many devices label. */
function released(numLabelling: number): ReleasedView {
  const sums = Array.from({ length: 6 }, () => new Uint32Array(layout.numCells));
  for (let device = 0; device < NUM_DEVICES; device += 1)
    addVector(sums[device % sums.length] as Uint32Array, vectorOf(device < numLabelling));
  const { views } = buildRelease({
    ...{ monitored, policy, nowMs: 0, before: [] },
    key: { model: monitored.model, version: 3, layoutSha256: profile.layoutSha256, window: 1 },
    sums: {
      sums: sums.map((vector, replicate) => ({ cohort: WHOLE_FLEET, replicate, vector })),
      overlaps: [],
    },
  });
  const [whole] = views;
  if (whole === undefined) throw new Error("the fleet is large enough");
  return whole;
}

describe("the labels of one of sixty devices", () => {
  const view = released(1);
  const row = featureRowsOf(monitored, view, []).find(({ name }) => name === "truth");
  const outcomes = outcomesView(monitored, view);

  test("are withheld, with what its shadow did, and said to be", () => {
    const parts = ["labels", "shadow", "shadow-labels", "feature:truth"];
    expect(view.withheld.map(({ part }) => part)).toEqual(parts);
  });

  test("leave nothing in what is released", () => {
    const { labels, delays, confusion, shadow, contributors } = layout;
    const { counts, weights, moments } = truthCells as NonNullable<typeof truthCells>;
    for (const { at, size } of [labels, delays, confusion, shadow, contributors, counts, weights, moments])
      expect(view.cells.slice(at, at + size).every((cell) => cell === 0)).toBe(true);
    expect(view.cells.slice(layout.scores.at + 9 * 4, layout.scores.at + 10 * 4)).toEqual([4, 3800, 0, 0]);
  });

  test("are nobody's measures", () => {
    expect(outcomes).toMatchObject({ accuracy: null, logLoss: null, labelCoverage: null, shadow: null });
    expect(outcomes).toMatchObject({ withheld: ["labels", "shadow", "shadow-labels"], errors: {} });
  });

  test("are no verdict of the feature, with the reason", () => {
    expect(row).toMatchObject({ verdict: "not_enough_data", reason: "too few devices counted it" });
    expect(row).toMatchObject({ numRows: 0, numDevices: 0 });
  });

  test("have no score, rather than one of shares that are all 0, and no past in which they had one", () => {
    // What was released of it before it was known: the distance of nothing from anything, the root of a half.
    const old = { value: 0.5, expected: 0, error: 0 };
    const features = view.features.map((each) =>
      each.name === "truth" ? { ...each, psi: { ...old, value: 6.2 }, jensenShannon: old } : each,
    );
    const nothing = {
      ...{ score: null, lower: null, upper: null, psi: null, meanShift: null, missing: null },
      ...{ unseen: null, outOfRange: null },
    };

    expect(row).toMatchObject(nothing);
    const before = { ...view, window: 0, features };
    const rows = featureRowsOf(monitored, { ...view, features }, [before]);
    expect(rows.find(({ name }) => name === "truth")).toMatchObject({ ...nothing, history: [] });
    expect(rows.find(({ name }) => name === "age")).toMatchObject({ history: [{ window: 0 }] });
    const parts = { monitored, view: { ...view, features }, views: [before], history: [], before: [] };
    const detail = featureDetailOf("truth", { ...parts, numTests: 2, suggestedFloor: null });
    expect(detail).toMatchObject({ scores: [], cohorts: [{ score: null }] });
  });
});

describe("the labels of fifty of sixty devices", () => {
  const view = released(50);

  test("are shown, with how many devices they are of", () => {
    const row = featureRowsOf(monitored, view, []).find(({ name }) => name === "truth");

    expect(view.withheld).toEqual([]);
    expect(outcomesView(monitored, view)).toMatchObject({
      ...{ accuracy: 0.5, numLabelled: 100, numLabellingDevices: 50, withheld: [] },
    });
    expect(row).toMatchObject({ numRows: 100, numDevices: 50 });
  });
});

test("what a shadow did in one cohort does not hide that its labels in another are of few", () => {
  const shadowed = sampleMonitored({
    features: [normalFeature("age")],
    outcomes: { numClasses: 3, output: "scores" },
  });
  const { shadow, contributors, labels, numCells } = shadowed.layout;
  const vectorWith = (hasShadow: boolean, hasTruth: boolean): Uint32Array => {
    const vector = countsOf(shadowed)(4, () => 0.1);
    if (hasShadow) vector.set([0, 0, 0, 0, 3, 1, 0], shadow.at);
    if (hasTruth) vector.set([1, 0, 0, 1], shadow.at);
    if (hasTruth) vector.set([2, 1, 2, 100, 0], labels.at);
    vector.set([hasTruth, hasShadow, hasTruth].map(Number), contributors.at);
    return vector;
  };
  const cohorts = [
    ["os=a", 40, 1],
    ["os=b", 60, 52],
    ["os=c", 30, 0],
  ] as const;
  const sums = cohorts.flatMap(([cohort, numShadow, numTruth]) =>
    [cohort, WHOLE_FLEET].map((name) => {
      const vector = new Uint32Array(numCells);
      for (let device = 0; device < 60; device += 1)
        addVector(vector, vectorWith(device < numShadow, device < numTruth));
      return { cohort: name, replicate: cohorts.findIndex(([each]) => each === cohort), vector };
    }),
  );
  const { views } = buildRelease({
    ...{ monitored: shadowed, policy, nowMs: 0, before: [] },
    key: { model: monitored.model, version: 3, layoutSha256: shadowed.profile.layoutSha256, window: 1 },
    sums: { sums, overlaps: [] },
  });
  const truths = views.map(({ cells }) => cells[contributors.at + 2] ?? 0);

  // Whole, os=a, os=b, os=c: with the whole's 53 and the 52 of os=b, the one of os=a would be known.
  expect(truths).toEqual([53, 0, 0, 0]);
});
