import { describe, expect, test } from "vitest";
import type { FeatureData } from "../data/api-types.js";
import { chanceText, effectText, effectsIn, verdictText } from "./feature-words.js";

type Score = FeatureData["scores"][number];

function score(change: Partial<Score>): Score {
  return {
    ...{
      method: "psi",
      weighting: "devices",
      score: 0.3,
      expected: 0.05,
      lower: 0.2,
      upper: 0.4,
      limit: 0.1,
    },
    ...{ logPValue: null, numBins: 25, logBase: "e", zeroRule: "a share of 0 counts as 0.0001" },
    ...{ numRows: 2000, numReferenceRows: 50_000, numDevices: 60, note: null },
    ...change,
  };
}

function feature(change: Partial<FeatureData> = {}): FeatureData {
  return {
    ...{ score: 0.2, lower: 0.04, upper: 0.3, limit: 0.05, kind: "numeric", role: "input" },
    ...{ verdict: "drift", reason: "PSI is at least 0.15", numGroups: 12, numTests: 24 },
    scores: [
      score({}),
      score({ weighting: "rows", limit: null }),
      score({ method: "jensen-shannon", limit: 0.05 }),
      score({ method: "mean-shift", score: -0.5, lower: -0.6, upper: -0.4, limit: 0.125 }),
    ],
    statistics: { logP: { cells: Math.log(1e-9), mean: Math.log(0.02), corrected: Math.log(2.4e-8) } },
    ...change,
  } as FeatureData;
}

describe("the effects that a verdict goes by", () => {
  test("are the device-weighted index without its chance part, the distance, and the size of the shift", () => {
    const effects = effectsIn(feature());

    const rounded = effects.map(({ method, value, lower, upper, isAbove }) => [
      method,
      ...[value, lower, upper].map((each) => Number(each.toFixed(6))),
      isAbove,
    ]);
    expect(rounded).toEqual([
      ["psi", 0.25, 0.15, 0.35, true],
      ["jensen-shannon", 0.2, 0.04, 0.3, false],
      ["mean-shift", 0.5, 0.4, 0.6, true],
    ]);
  });

  test("are none of a feature that nobody counted", () => {
    expect(effectsIn(feature({ score: null, lower: null, upper: null, scores: [] }))).toEqual([]);
  });

  test("of categories have no mean", () => {
    const categorical = feature({ kind: "categorical", scores: [score({})] });

    expect(effectsIn(categorical).map(({ method }) => method)).toEqual(["psi"]);
  });

  test("are said with interval and limit", () => {
    const [index] = effectsIn(feature());

    expect(index === undefined ? "" : effectText(index, 12)).toContain(
      "It is 0.250, what chance alone gives taken off: 0.150 to 0.350 with 95 % certainty",
    );
  });
});

test("chance is judged by the p-value that is corrected for all tests", () => {
  const text = chanceText(feature());

  expect(text).toContain("p = 1 · 10⁻⁹, of the mean (Student's t) p = 0.020");
  expect(text).toContain("all 24 tests");
  expect(text).toContain("2 · 10⁻⁸, which is below 0.05: more than chance.");
});

describe("the verdict says why", () => {
  test.each([
    ["drift", "input", "in the window before as well (PSI is at least 0.15)"],
    ["warning", "input", "The same in the next window is drift."],
    ["warning", "score", "Warning, and never more"],
    ["ok", "input", "Large fleets see changes that do not matter."],
    ["not_enough_data", "input", "No verdict: PSI is at least 0.15."],
  ] as const)("%s of an %s", (verdict, role, words) => {
    expect(verdictText(feature({ verdict, role }))).toContain(words);
  });
});
