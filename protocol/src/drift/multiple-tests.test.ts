import { describe, expect, test } from "vitest";
import { benjaminiHochberg, logBenjaminiHochberg } from "./multiple-tests.js";

describe("Benjamini and Hochberg's correction of logarithms", () => {
  test("is that of the p-values themselves where they are numbers", () => {
    // By hand: 0.005 * 5 = 0.01 * 5 / 2 = 0.025; 0.04 * 5 / 4 = 0.05 = 0.03 * 5 / 3; 0.2.
    const corrected = logBenjaminiHochberg([0.01, 0.04, 0.03, 0.005, 0.2].map(Math.log));

    [0.025, 0.05, 0.05, 0.025, 0.2].forEach((pValue, at) => {
      expect(corrected[at]).toBeCloseTo(Math.log(pValue), 12);
    });
  });

  test("keeps p-values that are no numbers any more apart: exp(-1229) and exp(-1230.5) of four", () => {
    // The least times 4, the second times 2; exp(-3) * 4 / 3; exp(-1). In 40 decimal digits of Python.
    const corrected = logBenjaminiHochberg([-1229, -1, -1230.5, -3]);

    expect(benjaminiHochberg([-1229, -1230.5].map(Math.exp))).toEqual([0, 0]);
    [-1228.3068528194401, -1, -1229.1137056388802, -2.712317927548219].forEach((logP, at) => {
      expect(corrected[at]).toBeCloseTo(logP, 11);
    });
  });

  test("lets a lesser p never be corrected to more than a greater one", () => {
    // exp(-1229.5) * 4 is more than exp(-1229) * 2.
    const corrected = logBenjaminiHochberg([-1229, -1, -1229.5, -3]);

    expect(corrected[0]).toBeCloseTo(-1229 + Math.log(2), 11);
    expect(corrected[2]).toBe(corrected[0]);
  });

  test("counts no test where there is none, and is at most 1", () => {
    expect(logBenjaminiHochberg([Number.NaN, -0.1, -0.2])).toEqual([Number.NaN, -0.1, -0.1]);
    expect(logBenjaminiHochberg([-Infinity, 0, -Infinity])).toEqual([-Infinity, 0, -Infinity]);
  });
});
