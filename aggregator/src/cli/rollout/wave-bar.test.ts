import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TARGET_STATES } from "../../rollouts/rollout-view.js";
import { countsText, groupCounts, waveBar } from "./wave-bar.js";

const textOf = (counts: Parameters<typeof waveBar>[0], width: number): string =>
  waveBar(counts, width)
    .map(({ text }) => text)
    .join("");

describe("devices of a wave", () => {
  test("those of which nothing is said wait", () => {
    expect(groupCounts({ numTargets: 10, byState: { committed: 3, superseded: 2 } })).toEqual({
      ...{ committed: 3, "under way": 0, failed: 0, gone: 2, waiting: 5 },
    });
  });

  test("a wave without devices says so", () => {
    expect(countsText(groupCounts({ numTargets: 0, byState: {} }))).toBe("no devices");
  });
});

describe("a bar", () => {
  test("shows one failure among ten thousand", () => {
    const counts = groupCounts({ numTargets: 10_000, byState: { committed: 9999, failed: 1 } });

    expect(textOf(counts, 10)).toBe("█████████╳");
  });

  test("is full only when every device committed", () => {
    const counts = groupCounts({ numTargets: 1000, byState: { committed: 999, queued: 1 } });

    expect(textOf(counts, 10)).toBe("█████████░");
  });

  test("is always as long as it should be, and shows every group that there is", () => {
    const byState = fc.dictionary(fc.constantFrom(...TARGET_STATES), fc.integer({ min: 1, max: 100_000 }), {
      minKeys: 1,
    });
    fc.assert(
      fc.property(byState, fc.integer({ min: 5, max: 60 }), (given, width) => {
        const counts = groupCounts({ numTargets: 0, byState: given });
        const numGroups = Object.values(counts).filter((count) => count > 0).length;

        const bar = waveBar(counts, width);

        expect([...textOf(counts, width)]).toHaveLength(width);
        expect(bar).toHaveLength(numGroups);
      }),
    );
  });
});
