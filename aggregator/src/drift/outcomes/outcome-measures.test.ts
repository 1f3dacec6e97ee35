import { SCORE_BINS, type VectorLayout } from "@fedge/protocol/profile";
import { describe, expect, test } from "vitest";
import { sampleMonitored } from "../testing/sample-profile.js";
import { estimatedAccuracy, macroF1, outcomesOf, type CalibrationBin } from "./outcome-measures.js";

const classifier = sampleMonitored({ outcomes: { numClasses: 2, output: "answer", topK: 2 } });
const regression = sampleMonitored({ outcomes: { errorUnit: 0.5 } });

function measure(
  { layout, profile }: typeof classifier,
  fill: (set: (range: keyof VectorLayout, values: readonly number[]) => void) => void,
) {
  const cells = new Float64Array(layout.numCells);
  fill((range, values) => {
    const found = layout[range];
    if (typeof found === "number" || !("size" in found)) throw new RangeError(range);
    cells.set(values, found.at);
  });
  return outcomesOf(cells, layout, profile.outcomes);
}

describe("outcomes of a classification", () => {
  const measured = measure(classifier, (set) => {
    // 100 devices, 900 rows counted of 1,000 seen, 5 that failed; of 200 labels 150 right, 180 in the first two, losses 0.5 each.
    set("rows", [100, 900, 1000, 5]);
    set("labels", [200, 150, 180, 200 * 50, 0]);
    // Truth 0: 90 right, 30 not; truth 1: 20 not, 60 right.
    set("confusion", [90, 30, 20, 60]);
    set("latency", [50, 50]);
    set("shadow", [60, 30, 10, 20, 110, 40, 3]);
  });

  test("are shares of the labels, and labels' share of what was seen", () => {
    expect(measured).toMatchObject({ numSeen: 1000, numRows: 900, numFailed: 5, numLabelled: 200 });
    expect(measured).toMatchObject({ accuracy: 0.75, recallAtK: 0.9, logLoss: 0.5, labelCoverage: 0.2 });
    expect(measured.rmse).toBeNull();
  });

  test("have the mean of the classes' F1", () => {
    // Class 0: 2*90 / (120 + 110); class 1: 2*60 / (80 + 90).
    expect(measured.macroF1).toBeCloseTo((180 / 230 + 120 / 170) / 2, 14);
    expect(macroF1([5, 0, 0, 0, 0, 0, 0, 0, 0], 3)).toBe(1);
    expect(macroF1([0, 0, 0, 0], 2)).toBeNull();
  });

  test("have the 95th percentile of the latency, spread evenly in its bin", () => {
    // 50 below 32 microseconds, 50 from there to 64: the 95th of 100 is nine tenths into the second.
    expect(measured.latencyP95Us).toBeCloseTo(32 + 0.9 * 32, 12);
  });

  test("compare with a shadow by McNemar's test", () => {
    // 30 and 10 of 40, continuity corrected: p by scipy.stats.chi2.sf((20 - 1) ** 2 / 40, 1).
    expect(measured.shadow).toMatchObject({ bothRight: 60, onlyServed: 30, onlyShadow: 10, numFailed: 3 });
    expect(measured.shadow?.agreement).toBeCloseTo(110 / 150, 14);
    expect(measured.shadow?.pValue).toBeCloseTo(0.002663119259138558, 12);
  });

  test("say of how many of the compared rows the truth is known, and how far apart the accuracies are", () => {
    // 120 of 150; 70 right of 120 by the shadow, 90 by the version in use.
    expect(measured.shadow).toMatchObject({ numLabelled: 120, labelCoverage: 0.8 });
    expect(measured.shadow?.difference).toBeCloseTo(70 / 120 - 90 / 120, 14);
  });

  test("know no difference from a shadow before the first label", () => {
    const { shadow } = measure(classifier, (set) => set("shadow", [0, 0, 0, 0, 5, 0, 1]));

    expect(shadow).toMatchObject({ numLabelled: 0, labelCoverage: 0, difference: null, pValue: null });
  });

  test("are unknown without any label, latency or shadow", () => {
    expect(measure(classifier, (set) => set("rows", [1, 0, 0, 0]))).toMatchObject({
      ...{ labelCoverage: null, accuracy: null, recallAtK: null, logLoss: null, macroF1: null },
      ...{ latencyP95Us: null, shadow: null },
    });
  });
});

test("a regression's error is in the profile's unit", () => {
  // 8 labels, squares of 4 units^2 each in sixteenths: a root of 2 units of 0.5.
  const measured = measure(regression, (set) => set("labels", [8, 0, 0, 0, 8 * 4 * 16]));

  expect(measured.rmse).toBe(1);
  expect([measured.accuracy, measured.macroF1, measured.logLoss]).toEqual([null, null, null]);
});

describe("accuracy that scores promise", () => {
  const bin = (change: Partial<CalibrationBin>): CalibrationBin => ({
    ...{ from: 0, to: 0.1, numRows: 0, meanScore: null, numLabelled: 0, accuracy: null, interval: null },
    ...change,
  });

  test("is their mean where there are no labels", () => {
    const bins = [bin({ numRows: 30, meanScore: 0.9 }), bin({ numRows: 10, meanScore: 0.5 })];

    expect(estimatedAccuracy(bins, 0)).toMatchObject({ value: 0.8, conditions: [{ holds: null }, {}, {}] });
  });

  test("is what labels of the bin say where there are enough, and says when scores promise otherwise", () => {
    const labelled = { numRows: 40, meanScore: 0.9, numLabelled: 20, accuracy: 0.5 };
    const bins = [bin({ ...labelled, interval: [0.3, 0.7] })];

    expect(estimatedAccuracy(bins, 0)).toMatchObject({ value: 0.5, conditions: [{ holds: false }, {}, {}] });
  });

  test("is withdrawn when more than a fifth of the rows are outside of the reference", () => {
    const bins = [bin({ numRows: 10, meanScore: 0.5 })];

    expect(estimatedAccuracy(bins, 0.2).value).toBe(0.5);
    expect(estimatedAccuracy(bins, 0.21)).toMatchObject({
      value: null,
      conditions: [{}, { holds: false }, {}],
    });
    expect(estimatedAccuracy([], 0).value).toBeNull();
  });
});

test("calibration has ten bins with their scores, labels and how many were right", () => {
  const measured = measure(classifier, (set) => {
    const scores = new Array<number>(SCORE_BINS * 4).fill(0);
    scores.splice(9 * 4, 4, 100, 95_000, 50, 40);
    set("scores", scores);
  });

  expect(measured.calibration).toHaveLength(10);
  expect(measured.calibration[9]).toMatchObject({ from: 0.9, to: 1, meanScore: 0.95, accuracy: 0.8 });
  // Wilson's interval of 40 of 50 at 95 %, by its formula.
  const [p, n, z] = [0.8, 50, 1.959963984540054];
  const half = (z / (1 + z ** 2 / n)) * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n * n));
  const middle = (p + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  expect(measured.calibration[9]?.interval?.[0]).toBeCloseTo(middle - half, 12);
  expect(measured.calibration[9]?.interval?.[1]).toBeCloseTo(middle + half, 12);
});
