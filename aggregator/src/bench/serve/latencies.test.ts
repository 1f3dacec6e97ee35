import { expect, test } from "vitest";
import { addedOf, middleMean, latenciesOf, percentile } from "./latencies.js";

test("a percentile is a time that was measured: the nearest rank", () => {
  const times = Array.from({ length: 200 }, (_, at) => 200 - at);

  expect([percentile(times, 0.5), percentile(times, 0.99), percentile(times, 1)]).toEqual([100, 198, 200]);
});

test("of one time all percentiles are that one", () => {
  expect(latenciesOf([7])).toEqual({ medianMs: 7, p99Ms: 7 });
});

test("what other calls take more is the median of the differences, whatever a slow minute does to both of a pair", () => {
  // 2, 3 and 1 more; the medians of either side are 9 apart.
  expect(addedOf([10, 500, 1], [12, 503, 2])).toBe(2);
});

test("the mean of the middle leaves one in a hundred out at either end", () => {
  // 1 to 98 of 0 to 98 and a million.
  expect(middleMean([...Array.from({ length: 99 }, (_, at) => at), 1e6])).toBe(49.5);
});
