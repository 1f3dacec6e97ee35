import { signedCell } from "@fedge/protocol/profile";
import { describe, expect, test } from "vitest";
import { countsOf } from "../testing/simulated-device.js";
import { normalFeature, sampleMonitored } from "../testing/sample-profile.js";
import { checkWindow } from "./window-check.js";

const monitored = sampleMonitored({ outcomes: { numClasses: 3, output: "scores" } });
const { layout } = monitored;
const [age] = layout.features;
if (age === undefined) throw new Error("the sample has features");

/** Four rows of a device: 0.1, 0.1, -7 (below the edges) and missing. */
const counted = (): Uint32Array => countsOf(monitored)(4, (row) => [0.1, 0.1, -7, null][row] ?? null);

test("what a device counts of its rows is accepted, with sums of both signs", () => {
  const vector = counted();

  expect(() => checkWindow(monitored, vector)).not.toThrow();
  // 0.1 * 64 rounded twice, and -7 * 64.
  expect(signedCell(vector[age.moments.at] as number)).toBe(6 + 6 - 448);
});

describe("labels, of which any number may come,", () => {
  const source = { take: "value", of: "label", name: "label", at: 0 } as const;
  const features = [normalFeature("age"), normalFeature("truth", { role: "label", source })];
  const labelled = sampleMonitored({ features });
  const [, truth] = labelled.layout.features;
  if (truth === undefined) throw new Error("there is a label");

  /** Four rows of a device, and so many labels of 0. */
  const withLabels = (numLabels: number): Uint32Array => {
    const vector = countsOf(labelled)(4, (_, feature) => (feature === 0 ? 0.1 : 0));
    const { counts, weights, contributors } = truth;
    const at = vector.subarray(counts.at, counts.at + counts.size).findIndex((count) => count > 0);
    vector[counts.at + at] = numLabels;
    if (numLabels === 0)
      for (const { at: from, size } of [weights, contributors]) vector.fill(0, from, from + size);
    return vector;
  };

  test.each([0, 1, 4, 200])("are accepted: %d of four rows", (numLabels) => {
    expect(() => checkWindow(labelled, withLabels(numLabels))).not.toThrow();
  });

  test("are refused beyond the rows that a window may count", () => {
    expect(() => checkWindow(labelled, withLabels(201))).toThrow(/rows of "truth": 201; at most 200/);
  });

  test.each<[string, number, (vector: Uint32Array) => void]>([
    ["without labels, but with their weight", 0, (vector) => (vector[truth.weights.at] = 256)],
    [
      "without their weight",
      3,
      (vector) => vector.fill(0, truth.weights.at, truth.weights.at + truth.weights.size),
    ],
    ["with a sum of more than they can give", 3, (vector) => (vector[truth.moments.at] = 3 * 8 * 64 + 1)],
  ])("are refused %s", (_, numLabels, change) => {
    const vector = withLabels(numLabels);
    change(vector);

    expect(() => checkWindow(labelled, vector)).toThrow(expect.objectContaining({ code: "VECTOR_INVALID" }));
  });
});

describe("what no single device can have counted is refused:", () => {
  test.each<[string, (vector: Uint32Array) => void]>([
    ["two devices", (vector) => (vector[layout.rows.at] = 2)],
    ["no device", (vector) => (vector[layout.rows.at] = 0)],
    ["more rows than count", (vector) => (vector[layout.rows.at + 1] = 201)],
    ["more rows than were seen", (vector) => (vector[layout.rows.at + 2] = 3)],
    ["values that it says nobody has", (vector) => (vector[age.contributors.at] = 0)],
    ["two devices that have a value", (vector) => (vector[age.contributors.at] = 2)],
    [
      "a device that has a value, and only missing ones",
      (vector) => {
        vector.fill(0, age.counts.at, age.counts.at + age.counts.size);
        vector[age.counts.at + 22] = 4;
        vector.set([0, 0], age.moments.at);
      },
    ],
    ["a row that a feature counts twice", (vector) => (vector[age.counts.at + 5]! += 1)],
    ["a row that a feature does not count", (vector) => (vector[layout.rows.at + 1] = 5)],
    ["more weight than a device has", (vector) => (vector[age.weights.at]! += 1)],
    ["less weight than a device has", (vector) => (vector[age.weights.at + 20]! -= 1)],
    ["a sum of more than its rows can give", (vector) => (vector[age.moments.at] = 3 * 8 * 64 + 1)],
    ["a sum below what its rows can give", (vector) => (vector[age.moments.at] = 2 ** 32 - 3 * 8 * 64 - 1)],
    ["squares of more than its rows can give", (vector) => (vector[age.moments.at + 1] = 3 * 64 * 16 + 1)],
    ["more latencies than predictions", (vector) => (vector[layout.latency.at] = 5)],
    ["scores above one", (vector) => (vector[layout.scores.at + 1] = 1)],
    ["more labels right than came", (vector) => (vector[layout.labels.at + 1] = 1)],
    ["more labels than rows count", (vector) => (vector[layout.labels.at] = 201)],
    ["a loss without a label", (vector) => (vector[layout.labels.at + 3] = 1)],
    ["a delay without a label", (vector) => (vector[layout.delays.at] = 1)],
    ["a confusion without a label", (vector) => (vector[layout.confusion.at + 1] = 1)],
    ["a shadow's counts beyond any", (vector) => (vector[layout.shadow.at] = 2 ** 31)],
    ["more labels of a shadow than rows count", (vector) => vector.set([100, 0, 100, 1], layout.shadow.at)],
    ["more labelled rows with a score than labels", (vector) => vector.set([0, 0, 1, 0], layout.scores.at)],
    [
      "more latencies than rows count",
      (vector) => {
        vector[layout.rows.at + 2] = 1000;
        vector[layout.latency.at] = 201;
      },
    ],
    ["a device that labels without labels", (vector) => (vector[layout.contributors.at] = 1)],
    ["a device that runs a shadow without any", (vector) => (vector[layout.contributors.at + 1] = 1)],
    ["a device that labels its shadow without", (vector) => (vector[layout.contributors.at + 2] = 1)],
    ["labels of no device", (vector) => (vector[layout.labels.at] = 1)],
    ["a shadow of no device", (vector) => (vector[layout.shadow.at + 4] = 1)],
    ["two verdicts", (vector) => (vector[layout.verdict.at] = 1)],
    ["two local indexes", (vector) => (vector[layout.localPsi.at + 1] = 1)],
  ])("%s", (_, change) => {
    const vector = counted();
    change(vector);

    expect(() => checkWindow(monitored, vector)).toThrow(expect.objectContaining({ code: "VECTOR_INVALID" }));
  });
});
