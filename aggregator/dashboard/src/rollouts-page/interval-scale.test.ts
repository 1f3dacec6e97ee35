import { expect, test } from "vitest";
import { intervalPlaces } from "./interval-scale.js";

// Marks at -1 (interval), 0, 2 (dot), 4 (limit), 9 (interval): a span of 10 on 88 % of the width, after 6 % of margin.
test("a difference is drawn between its interval's ends, with no difference and the limit marked", () => {
  const places = intervalPlaces({ value: 12, control: 10, interval: [-1, 9], limit: 14 });

  expect(places?.whisker).toEqual([0.06, 0.94]);
  expect(places?.zero).toBeCloseTo(0.06 + 0.088, 12);
  expect(places?.dot).toBeCloseTo(0.06 + 0.264, 12);
  expect(places?.limit).toBeCloseTo(0.06 + 0.44, 12);
});

test("a value without a control cohort is drawn beside its limit", () => {
  expect(intervalPlaces({ value: 0.5, control: null, interval: null, limit: 0.9 })).toEqual({
    dot: 0.06,
    whisker: null,
    zero: null,
    limit: 0.94,
  });
});

test("what does not differ at all stands in the middle", () => {
  expect(intervalPlaces({ value: 3, control: 3, interval: [0, 0], limit: null })?.dot).toBe(0.5);
});

test("without a value there is nothing to draw", () => {
  expect(intervalPlaces({ value: null, control: 1, interval: null, limit: 2 })).toBeNull();
});
