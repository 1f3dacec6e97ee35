import type { DeviceId } from "@fedge/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cohortSize, selectCohort } from "./cohort.js";

const ids = Array.from({ length: 100 }, (_, index) => `device-${index}` as DeviceId);

test("the cohort does not depend on the order in which devices arrived", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(ids, { minLength: 100 }), (arrivals) => {
      const draw = { size: 10, seed: "1", roundNumber: 3 };
      expect(selectCohort(arrivals, draw)).toEqual(selectCohort(ids, draw));
    }),
    { numRuns: 20 },
  );
});

test("every device is selected about equally often over many rounds", () => {
  const times = new Map<DeviceId, number>();
  for (let roundNumber = 1; roundNumber <= 2000; roundNumber += 1) {
    for (const id of selectCohort(ids, { size: 10, seed: "seed", roundNumber }))
      times.set(id, (times.get(id) ?? 0) + 1);
  }

  // Binomial(2000, 0.1): mean 200, standard deviation 13.4; 100 devices stay within 4.5 of them but once in 1,500 runs.
  for (const id of ids) expect(Math.abs((times.get(id) ?? 0) - 200)).toBeLessThan(4.5 * 13.4);
});

test("another seed draws another cohort", () => {
  const one = selectCohort(ids, { size: 10, seed: "1", roundNumber: 1 });

  expect(selectCohort(ids, { size: 10, seed: "2", roundNumber: 1 })).not.toEqual(one);
});

test("fewer devices than the size are all selected", () => {
  expect(new Set(selectCohort(ids.slice(0, 3), { size: 10, seed: "1", roundNumber: 1 }))).toEqual(
    new Set(ids.slice(0, 3)),
  );
});

test.each([
  [10, 1, 10],
  [10, 1.3, 13],
  [10, 1.1, 11],
  [10, 1.01, 11],
  [3, 1.3, 4],
])("a goal of %d with over-selection %d selects %d", (goal, overSelection, size) => {
  expect(cohortSize(goal, overSelection)).toBe(size);
});
