import type { FeatureCells } from "@fedge/protocol/profile";
import { describe, expect, test } from "vitest";
import type { ReleasedView } from "../releases/release-record.js";
import { cohortMix } from "./cohort-mix.js";

/** Two cells, whose device weights are all that a view holds. */
const CELLS = { weights: { at: 0, size: 2 } } as unknown as FeatureCells;

/** Views of a window: of each cohort its weights in both cells. */
function views(window: number, cells: Readonly<Record<string, readonly [number, number]>>): ReleasedView[] {
  return Object.entries(cells).map(
    ([cohort, counts]) => ({ cohort, window, cells: [...counts] }) as unknown as ReleasedView,
  );
}

const mixOf = (before: Parameters<typeof views>[1], now: Parameters<typeof views>[1]) =>
  cohortMix("os", CELLS, { before: views(1, before), now: views(2, now) });

describe("a change of a feature's shares between two windows", () => {
  test("is all of the mix when cohorts only weigh otherwise", () => {
    // a is (1, 0), b is (0, 1), both times; b grows from a quarter to three.
    const mix = mixOf(
      { "": [75, 25], "os=a": [75, 0], "os=b": [0, 25] },
      { "": [25, 75], "os=a": [25, 0], "os=b": [0, 75] },
    );

    expect(mix).toMatchObject({ attribute: "os", fromWindow: 1, total: 0.5, mix: 0.5, within: 0 });
    expect(mix?.cohorts).toEqual([
      { cohort: "os=a", weightBefore: 0.75, weightNow: 0.25, change: 0 },
      { cohort: "os=b", weightBefore: 0.25, weightNow: 0.75, change: 0 },
    ]);
  });

  test("is all within when cohorts change and weigh the same", () => {
    const mix = mixOf(
      { "": [100, 100], "os=a": [50, 50], "os=b": [50, 50] },
      { "": [60, 140], "os=a": [10, 90], "os=b": [50, 50] },
    );

    // a's share of the first cell falls by 0.4, and a weighs one half.
    expect(mix).toMatchObject({ mix: 0 });
    expect(mix?.total).toBeCloseTo(0.2, 14);
    expect(mix?.within).toBeCloseTo(0.2, 14);
    expect(mix?.cohorts.map(({ change }) => change)).toEqual([0.4, 0]);
  });

  test("adds up by Kitagawa's formula when both change, though the two may take from each other", () => {
    // Weights 0.8 and 0.2 become 0.5 and 0.5; a's share of the first cell 0.5 becomes 0.7, b's stays 0.1.
    const mix = mixOf(
      { "": [42, 58], "os=a": [40, 40], "os=b": [2, 18] },
      { "": [40, 60], "os=a": [35, 15], "os=b": [5, 45] },
    );

    // mix: -0.3 (0.5 + 0.7)/2 + 0.3 (0.1 + 0.1)/2 = -0.15; within: (0.8 + 0.5)/2 * 0.2 = 0.13; total: 0.40 - 0.42.
    expect(mix?.mix).toBeCloseTo(0.15, 14);
    expect(mix?.within).toBeCloseTo(0.13, 14);
    expect(mix?.total).toBeCloseTo(0.02, 14);
  });

  test("counts a cohort that is new as mix, for it has changed nothing within", () => {
    const mix = mixOf(
      { "": [50, 50], "os=a": [50, 50] },
      { "": [50, 150], "os=a": [50, 50], "os=b": [0, 100] },
    );

    expect(mix).toMatchObject({ within: 0, mix: 0.25, total: 0.25 });
  });

  test("takes cohorts that are not shown together, as what the whole has beyond the others", () => {
    const mix = mixOf({ "": [60, 40], "os=a": [50, 0] }, { "": [40, 60], "os=a": [30, 20] });

    expect(mix?.cohorts.map(({ cohort }) => cohort)).toEqual(["(all others)", "os=a"]);
    expect(mix?.within).toBeCloseTo(0.2, 14);
  });

  test("is within a cohort that is shown for the first time, for it was there before", () => {
    // 100, 49 and 60 devices: b is below the least size, comes to it with its 50th, and moves to one cell.
    const mix = mixOf(
      { "": [104.5, 104.5], "os=a": [50, 50], "os=c": [30, 30] },
      { "": [130, 80], "os=a": [50, 50], "os=b": [50, 0], "os=c": [30, 30] },
    );

    // Weights 49/209 and 50/210 of what is neither a nor c, whose share of the first cell goes from 24.5/49 to 50/50.
    expect(mix?.within).toBeCloseTo(((49 / 209 + 50 / 210) / 2) * 0.5, 14);
    expect(mix?.cohorts.map(({ cohort }) => cohort)).toEqual(["(all others)", "os=a", "os=c"]);
    expect(mix?.mix).toBeLessThan(0.002);
  });

  test("is not divided without the whole, or with one cohort only", () => {
    expect(mixOf({ "os=a": [1, 1] }, { "": [1, 1], "os=a": [1, 1] })).toBeNull();
    expect(mixOf({ "": [1, 1], "os=a": [1, 1] }, { "": [1, 1], "os=a": [1, 1] })).toBeNull();
    expect(
      cohortMix("tz", CELLS, { before: views(1, { "": [1, 1] }), now: views(2, { "": [1, 1] }) }),
    ).toBeNull();
  });
});
