import { createRandom } from "@fedge/protocol";
import { expect, test } from "vitest";
import { fullJitterMs } from "./backoff.js";

test.each([
  [1, 500],
  [2, 1000],
  [5, 8000],
  [50, 60_000],
])("attempt %d waits between nothing and %d ms, uniformly", (attempt, limitMs) => {
  const random = createRandom("jitter");
  const waits = Array.from({ length: 4000 }, () => fullJitterMs(attempt, random));

  expect(Math.max(...waits)).toBeLessThanOrEqual(limitMs);
  // Mean of 4,000 uniform draws: limit / 2 with a standard error of limit * 0.0046.
  expect(Math.abs(waits.reduce((sum, wait) => sum + wait, 0) / 4000 - limitMs / 2)).toBeLessThan(
    0.02 * limitMs,
  );
});
