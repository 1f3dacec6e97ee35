import { expect, test } from "vitest";
import { threadCount } from "./thread-count.js";

test.each([
  [false, 16, 1],
  [true, 1, 1],
  [true, 2, 1],
  [true, 4, 2],
  [true, 8, 4],
  [true, 64, 4],
])("isolated: %s, on %i cores: %i threads", (isIsolated, cores, threads) => {
  expect(threadCount(isIsolated, cores)).toBe(threads);
});
