import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { compareProportions, requiredSample } from "./two-proportions.js";

const number = z.number();
const fixtureSchema = z.object({
  samples: z.array(
    z.object({
      ...{ rate: number, effect: number, alpha: number, power: number },
      ...{ sample: number, exactPower: number },
    }),
  ),
  tests: z.array(
    z.object({
      counts: z.tuple([number, number, number, number]),
      expected: z.tuple([number, number, number, number]),
    }),
  ),
});
const path = new URL("./scipy-fixture.json", import.meta.url);
const scipy = z.parse(fixtureSchema, JSON.parse(readFileSync(path, "utf8")));

describe("SciPy (scipy-fixture.py) gives the same", () => {
  test.each(scipy.samples)(
    "sample of each arm to find $effect from $rate at $alpha with a power of $power",
    ({ sample, exactPower, ...plan }) => {
      expect(requiredSample({ ...plan, designEffect: 1 })).toBe(sample);
      // Over all outcomes of both arms. The formula takes counts as normal, which they are not quite: 93 of each give 0.799.
      expect(Math.abs(exactPower - plan.power)).toBeLessThan(0.011);
    },
  );

  test.each(scipy.tests)("difference, interval and p of $counts", ({ counts, expected }) => {
    const [hits, trials, otherHits, otherTrials] = counts;
    const found = compareProportions(cohort(hits, trials), cohort(otherHits, otherTrials));

    const values = [found?.difference, ...(found?.interval ?? []), found?.pValue];
    values.forEach((value, at) => {
      const wanted = expected[at] ?? NaN;
      expect(Math.abs((value ?? NaN) - wanted)).toBeLessThanOrEqual(1e-9 * Math.abs(wanted) + 1e-12);
    });
  });
});

test("devices whose answers are alike need as many times more as their design effect says", () => {
  const plan = { rate: 0.5, effect: 0.2, alpha: 0.05, power: 0.8 };

  // 92.999 independent ones, and 2.5 times that is 232.497.
  expect(requiredSample({ ...plan, designEffect: 2.5 })).toBe(233);
});

function cohort(hits: number, trials: number): Parameters<typeof compareProportions>[0] {
  return { numDevices: trials, numTrials: trials, rate: hits / trials, designEffect: 1 };
}
