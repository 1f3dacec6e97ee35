import { expect, test } from "vitest";
import { countByGroup } from "./target-looks.js";

test("every device of a wave is counted once, and those of which nothing is said wait", () => {
  const wave = {
    numTargets: 20,
    byState: { committed: 9, told: 1, installing: 2, probation: 3, failed: 1, "rolled-back": 2, removed: 1 },
  };

  expect(countByGroup(wave)).toEqual({
    committed: 9,
    "on probation": 3,
    installing: 1 + 2,
    failed: 1,
    "rolled back": 2,
    "left out": 1,
    waiting: 20 - 19,
  });
});
