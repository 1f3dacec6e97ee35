import type { NumericFeature } from "@fedge/protocol/profile";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalFeature } from "../testing/sample-profile.js";
import { withMergedBins } from "./merged-bins.js";

/** Bins of width 1 from 0, and a tail of 1 below, 2 above, 3 missing, 4 of a wrong type and 5 not finite. */
const fineBins = (...counts: number[]): NumericFeature =>
  normalFeature("age", {
    edges: [0, ...counts.map((_, at) => at + 1)],
    counts: [...counts, 1, 2, 3, 4, 5],
  });

describe("bins that are put together", () => {
  test.each<[string, number[], number, number[], number[]]>([
    // Cumulated 10, 20, … 60: thirds at 20 and 40.
    ["of equal mass", [10, 10, 10, 10, 10, 10], 3, [0, 2, 4, 6], [20, 20, 20]],
    // Half of 100 is 50: 40 below edge 1 and 70 below edge 2; 40 is nearer.
    ["are cut where the quantile is nearest", [40, 30, 30], 2, [0, 1, 3], [40, 60]],
    // Half of 90 is 45, as far from 5 as from 85: the lower edge.
    ["leave a bin of most rows alone", [5, 80, 5], 2, [0, 1, 3], [5, 85]],
    // Quarters of 8: 2, 4, 6. Nothing at the ends.
    ["take empty ones along", [0, 0, 2, 2, 2, 2, 0], 4, [0, 3, 4, 5, 7], [2, 2, 2, 2]],
  ])("%s", (_, fine, numBins, edges, counts) => {
    const merged = withMergedBins(fineBins(...fine), numBins);

    expect(merged).toMatchObject({ edges, counts: [...counts, 1, 2, 3, 4, 5] });
  });

  test("stay as they are where nothing was counted, or there are no more than wanted", () => {
    const [empty, few] = [fineBins(0, 0, 0), fineBins(7, 1)];

    expect([withMergedBins(empty, 2), withMergedBins(few, 2)]).toEqual([empty, few]);
  });

  test("hold every row once between edges that were there, at most as many as are wanted", () => {
    const anyCounts = fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(anyCounts, fc.integer({ min: 1, max: 30 }), (fine, numBins) => {
        const feature = fineBins(...fine);
        const { edges, counts } = withMergedBins(feature, numBins) as NumericFeature;
        const isEmpty = fine.every((count) => count === 0);

        expect(edges.length - 1).toBeLessThanOrEqual(isEmpty ? fine.length : Math.max(numBins, 1));
        expect([edges[0], edges.at(-1)]).toEqual([0, fine.length]);
        const inBins = edges.slice(1).map((end, at) => {
          return fine.slice(edges[at], end).reduce((sum, count) => sum + count, 0);
        });
        expect(counts).toEqual([...inBins, 1, 2, 3, 4, 5]);
      }),
    );
  });
});
