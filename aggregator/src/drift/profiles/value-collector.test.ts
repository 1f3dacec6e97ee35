import { createRandom } from "@fedge/protocol";
import { expect, test } from "vitest";
import { ValueCollector } from "./value-collector.js";

const collect = (values: readonly (number | string | null)[], capacity = 1000) => {
  const collector = new ValueCollector(capacity, createRandom("collector"));
  for (const value of values) collector.add(value);
  return collector.collected();
};

test("moments are those of the finite numbers, also far from zero", () => {
  // 1e9 + {4, 7, 13, 16}: mean 10, squares 36 + 9 + 9 + 36 = 90, over 4.
  const { mean, std, min, max, numNumbers } = collect([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16, Infinity]);

  expect([mean, std, min, max, numNumbers]).toEqual([1e9 + 10, Math.sqrt(22.5), 1e9 + 4, 1e9 + 16, 5]);
});

test("nothing is kept of what is missing but how often", () => {
  expect(collect([null, NaN, "a", "a", 1])).toMatchObject({ numMissing: 2, numOthers: 2, numNumbers: 1 });
});

test("beyond the capacity every value is kept as likely as any other", () => {
  const numRuns = 2000;
  const kept = Array<number>(10).fill(0);
  for (let run = 0; run < numRuns; run += 1) {
    const collector = new ValueCollector(3, createRandom(`run ${run}`));
    for (let value = 0; value < 10; value += 1) collector.add(value);
    for (const value of collector.collected().sorted) kept[value] = (kept[value] as number) + 1;
  }

  // Pearson's statistic of ten cells; its 0.999 quantile with 9 degrees of freedom is 27.88.
  const expected = (numRuns * 3) / 10;
  const statistic = kept.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(statistic).toBeLessThan(27.88);
});

test("moments and ends are of all values, also of those that the sample has not", () => {
  const { sorted, mean, min, max } = collect(
    Array.from({ length: 10_000 }, (_, at) => at),
    100,
  );

  expect([sorted.length, min, max]).toEqual([100, 0, 9999]);
  expect(mean).toBeCloseTo(4999.5, 8);
});
