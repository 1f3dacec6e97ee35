import { describe, expect, test } from "vitest";
import { normalFeature } from "../testing/sample-profile.js";
import type { MeasuredFeature } from "../statistics/feature-statistics.js";
import { judgeWindow } from "./window-rule.js";

const NONE = { value: 0, expected: 0, error: 0 };

/** Of 10,000 rows, all as in the reference unless it is said otherwise. */
function measured(change: Partial<MeasuredFeature>): MeasuredFeature {
  return {
    ...{ name: "age", numRows: 10_000, isWithheld: false, psi: NONE, jensenShannon: NONE },
    ...{ meanShift: NONE },
    ...{ broken: NONE, missing: NONE, logP: { cells: -0.5, mean: -0.5 }, errors: {} },
    ...change,
  };
}

function judge(features: readonly MeasuredFeature[]) {
  const profile = features.map(({ name }) => normalFeature(name));
  const views = [{ cohort: "", t: 2, features }];
  return judgeWindow(views, { features: profile, minRows: 100, exceededBefore: () => false });
}

describe("the rule of a window", () => {
  test("says that every device counts alike in the share of what is missing", () => {
    // Thirty of sixty devices with one missing row each, the others with 199 good ones: of 6,000 rows 0.5 %.
    const broken = { value: 0.5, expected: 0.01, error: 0.01 };
    const { views } = judge([measured({ numRows: 6000, broken, missing: broken })]);

    expect(views[0]?.features[0]).toMatchObject({
      verdict: "broken_data",
      reason:
        "50.0 % missing or not as the schema says, every device counting alike; the reference has 1.0 %",
    });
  });

  test("corrects p-values that are no numbers any more: the least of four times four, the second times two", () => {
    const { views, numTests } = judge([
      measured({ logP: { cells: -1230.5, mean: -3 } }),
      measured({ name: "height", logP: { cells: -1229, mean: -1 } }),
    ]);

    expect(numTests).toBe(4);
    const corrected = views[0]?.features.map(({ logP }) => logP.corrected);
    expect(corrected?.[0]).toBeCloseTo(-1230.5 + Math.log(4), 9);
    expect(corrected?.[1]).toBeCloseTo(-1229 + Math.log(2), 9);
  });
});
