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

/** 9e15, of which doubles hold whole numbers alone, and `count` times 0 to 199 above it. */
const farValues = (count: number): number[] =>
  Array.from({ length: 200 * count }, (_, at) => 9e15 + ((at * 7) % 200));

test("moments of many numbers of 9e15 are right to the last digit that a double has", () => {
  const { mean, std } = collect(farValues(500));

  // 0 to 199 equally often: mean 99.5, which lies between two doubles; variance (200^2 - 1) / 12.
  expect([9e15 + 99, 9e15 + 100]).toContain(mean);
  expect(std).toBeCloseTo(Math.sqrt(39_999 / 12), 8);
});

test("moments do not depend on a first number of another size", () => {
  const { mean, std } = collect([0, ...farValues(500)]);

  // Of n = 100000 far ones and a 0 the mean is n / (n + 1) of theirs, 9e15 + 99.5, here in tenths.
  const exact = Number((90_000_000_000_000_995n * 100_000n) / 100_001n) / 10;
  expect(Math.abs(mean - exact)).toBeLessThanOrEqual(2);
  // Two points, p = 1 / (n + 1): a deviation of 9e15 * sqrt(p * (1 - p)); what the far ones differ by is nothing to that.
  const share = 1 / 100_001;
  expect(std / (9e15 * Math.sqrt(share * (1 - share)))).toBeCloseTo(1, 10);
});

test.each([
  [1e-320, 0],
  [1e-300, 1e-300],
  [1e200, 1e200],
  [2 ** 1023, 2 ** 1023],
])("of %d and less as much the deviation is %d", (size, deviation) => {
  const { mean, std } = collect([size, -size, size, -size]);

  expect([mean, std]).toEqual([0, deviation]);
});

test("a few numbers of 1e-200 count for nothing beside one of 1e200", () => {
  const { mean, std } = collect([0, 1e-200, 1e-200, 1e200]);

  // One of four: mean a quarter, variance 3 / 16.
  expect(mean / 1e200).toBeCloseTo(0.25, 14);
  expect(std / 1e200).toBeCloseTo(Math.sqrt(3) / 4, 14);
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
