import { expect, test } from "vitest";
import { latenciesOf, percentile } from "./latencies.js";

test("a percentile is a time that was measured: the nearest rank", () => {
  const times = Array.from({ length: 200 }, (_, at) => 200 - at);

  expect([percentile(times, 0.5), percentile(times, 0.99), percentile(times, 1)]).toEqual([100, 198, 200]);
});

test("of one time all percentiles are that one", () => {
  expect(latenciesOf([7])).toEqual({ medianMs: 7, p99Ms: 7 });
});
