import type { CategoricalFeature, NumericFeature } from "@fedge/protocol/profile";
import { describe, expect, test } from "vitest";
import { chosenTest } from "./chosen-tests.js";

type Named = "name" | "source" | "role" | "privacy" | "importance" | "required" | "mostly" | "floors";
const named: Pick<NumericFeature, Named> = {
  name: "f",
  source: { take: "field", name: "f" },
  role: "input",
  privacy: "public",
  importance: 1,
  required: false,
  mostly: 1,
  floors: { jensenShannon: 0.1, psi: 0.1, meanShift: 0.25 },
};
/** Categories, then other, missing, wrong type. */
const categorical = (counts: readonly number[], categories: readonly string[]): CategoricalFeature => ({
  ...{ kind: "categorical", ...named, isClosed: false, categories: [...categories], counts: [...counts] },
});
/** Bins, then below, above, missing, wrong type, not finite. */
const numeric = (counts: readonly number[]): NumericFeature => ({
  ...{ kind: "numeric", ...named, range: { min: null, max: null }, edges: [0, 1, 2, 3], mean: 1.5, std: 1 },
  counts: [...counts],
});

describe("a test that a profile names", () => {
  test("of G is exp(-G / 2) for three categories, whose chi-squared has two degrees of freedom", () => {
    const feature = categorical([10, 20, 30, 0, 0, 0], ["a", "b", "c"]);
    // Each is expected 20 times: G = 4 (10 ln 0.5 + 30 ln 1.5).
    const g = 4 * (10 * Math.log(0.5) + 30 * Math.log(1.5));

    expect(chosenTest("g-test", feature, [30, 20, 10, 0, 0, 0])).toBeCloseTo(-g / 2, 10);
  });

  test("of Fisher is 0.0349650 for the table 8 2, 1 5", () => {
    const feature = categorical([8, 1, 0, 0, 0], ["a", "b"]);

    // Of the C(16, 10) = 8,008 ways to deal the ten of the first category, 280 are as unlikely: C(9,8)C(7,2) + C(9,9)C(7,1) + C(9,3)C(7,7).
    expect(Math.exp(chosenTest("fisher", feature, [2, 5, 0, 0, 0]) ?? 0)).toBeCloseTo(280 / 8008, 9);
  });

  test("leaves missing values and those of a wrong type to the schema", () => {
    const feature = categorical([10, 20, 30, 0, 0, 0], ["a", "b", "c"]);

    expect(chosenTest("g-test", feature, [30, 20, 10, 0, 500, 500])).toBe(
      chosenTest("g-test", feature, [30, 20, 10, 0, 0, 0]),
    );
  });

  test.each(["mann-whitney", "cramer-von-mises", "anderson-darling", "wasserstein"] as const)(
    "of %s sees bins that moved, and none that did not",
    (method) => {
      const feature = numeric([100, 100, 100, 0, 0, 0, 0, 0]);

      expect(chosenTest(method, feature, [20, 40, 140, 0, 100, 0, 0, 0])).toBeLessThan(Math.log(0.01));
      expect(chosenTest(method, feature, [100, 100, 100, 0, 0, 0, 0, 0])).toBeGreaterThan(Math.log(0.2));
    },
  );

  test("says nothing of a window without rows", () => {
    expect(chosenTest("g-test", numeric([1, 1, 1, 0, 0, 0, 0, 0]), [0, 0, 0, 0, 0, 0, 0, 0])).toBeNull();
  });
});
