import { createRandom } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { clusteredTest, logFTail, type ClusteredTest } from "./clustered-test.js";
import { sharesOf } from "./count-distances.js";

interface Fleet {
  /** As many as there are rows when it is not said. */
  readonly numDevices?: number;
  readonly ordered?: readonly number[];
}

/** What the test needs of groups' counts; each row of `groups` are the counts of one. */
function testOf(
  reference: readonly number[],
  groups: readonly (readonly number[])[],
  { numDevices, ordered = [] }: Fleet = {},
): ClusteredTest {
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  const total = reference.map((_, cell) => sum(groups.map((group) => group[cell] as number)));
  const leftOut = groups.map((group) => {
    const rest = total.map((count, cell) => count - (group[cell] as number));
    return sharesOf(rest, sum(rest));
  });
  return clusteredTest({
    ...{ p: sharesOf(reference, sum(reference)), q: sharesOf(total, sum(total)), leftOut },
    ...{ numReference: sum(reference), numRows: sum(total) },
    ...{ numDevices: numDevices ?? sum(total), ordered },
  });
}

describe("the upper tail of F", () => {
  // scipy.stats.f.logsf
  test.each([
    [1, 1, 1, Math.log(0.5)],
    [4, 2, 10, -2.938933324510595],
    [3.5, 5, 31, -4.367830758340817],
    [60, 3.3, 102.3, -52.67312298835626],
  ])("of %d with %d and %d degrees of freedom is SciPy's", (f, first, second, expected) => {
    expect(logFTail(f, first, second) / expected).toBeCloseTo(1, 8);
  });

  test("of nothing is 1", () => {
    expect(logFTail(0, 2, 10)).toBe(0);
    expect(logFTail(-1, 2, 10)).toBe(0);
  });
});

describe("the clustered test", () => {
  test("of two cells is the square of Student's t with the jackknife's error and the reference's", () => {
    // Groups of ten rows: shares of the first cell 0.3, 0.5, 0.4, 0.6, against 0.5 of 1,000.
    const groups = [3, 5, 4, 6].map((count) => [count, 10 - count]);
    const { statistic, logP } = testOf([500, 500], groups);

    // For equal groups the jackknife's variance of a mean is s^2 / n: s^2 = 0.05 / 3, n = 4.
    const variance = 0.05 / 3 / 4 + 0.25 / 1000;
    const t2 = (0.45 - 0.5) ** 2 / variance;
    expect(statistic).toBeCloseTo(t2, 10);
    expect(logP).toBeCloseTo(logFTail(t2, 1, 3), 10);
  });

  test("does not take rows of a device for independent: groups that differ among each other say less", () => {
    const alike = testOf([5000, 5000], Array(8).fill([40, 60]));
    const unlike = testOf(
      [5000, 5000],
      [0, 1, 2, 3, 4, 5, 6, 7].map((at) => (at % 2 === 0 ? [80, 20] : [0, 100])),
    );

    expect(alike.logP).toBeLessThan(-10);
    expect(unlike.logP).toBeGreaterThan(-1.5);
  });

  test("has nothing to test with one cell, with fewer than three groups, or when nothing varies", () => {
    const none = { statistic: null, logP: null };
    expect(testOf([100], Array(5).fill([10]))).toMatchObject(none);
    expect(testOf([50, 50], Array(2).fill([5, 5]))).toMatchObject(none);
  });

  test("tests rare cells as one: of 1,000 cells with a row each nothing is divided by nothing", () => {
    const reference = [500, 500, ...Array<number>(50).fill(1)];
    const groups = Array.from({ length: 6 }, () => [50, 50, ...Array<number>(50).fill(0)]);

    const { logP } = testOf(reference, groups);

    expect(Number.isFinite(logP)).toBe(true);
  });

  describe("when only some of a hundred devices have a value that the reference has not", () => {
    // Twenty groups of five devices with 50 rows each.
    const numDevices = 100;
    const groupsOf = (one: readonly number[], other: readonly number[]): (readonly number[])[] =>
      Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one : other));
    // Statistic and log p of the same definition in numpy and scipy.stats.f.logsf, the cells merged by hand.
    const expectTested = ({ statistic, logP }: ClusteredTest, expected: readonly [number, number]): void => {
      expect((statistic ?? 0) / expected[0]).toBeCloseTo(1, 9);
      expect((logP ?? 0) / expected[1]).toBeCloseTo(1, 7);
    };

    test("one that has a new category in all its rows does not hide the others' change", () => {
      const reference = [25_000, 12_500, 7500, 5000, 0];
      const changed = groupsOf([80, 90, 45, 35, 0], [70, 80, 60, 40, 0]);
      const groups = [[64, 72, 36, 28, 50], ...changed.slice(1)];

      // With five cells it were -2.03, and -35.3 without that device.
      expectTested(testOf(reference, groups, { numDevices }), [136.30964234391047, -43.87592915692429]);
    });

    test("a new category on a fifth of them is found, though nothing else changed", () => {
      const reference = [25_000, 12_500, 7500, 5000, 0];
      const groups = groupsOf([98, 52, 29, 21, 50], [102, 48, 31, 19, 50]);

      expectTested(testOf(reference, groups, { numDevices }), [3433.024687602667, -119.10297018079845]);
    });

    test("one whose numbers are far away is tested with the bin next to it", () => {
      const reference = [12_500, 12_500, 12_500, 12_500, 0, 0, 0];
      const groups = [
        [32, 40, 56, 72, 50, 0, 0],
        ...groupsOf([35, 55, 75, 85, 0, 0, 0], [40, 50, 70, 90, 0, 0, 0]).slice(0, 19),
      ];
      // Below the bins, the bins, above them; what is missing has no order.
      const ordered = [4, 0, 1, 2, 3, 5];

      // -1.65 with a cell of its own.
      expectTested(
        testOf(reference, groups, { numDevices, ordered }),
        [144.62764024092814, -31.818463400482287],
      );
    });

    test("a constant is still tested: its value against all others", () => {
      const groups = groupsOf([200, 25, 25], [200, 20, 30]);

      expect(testOf([50_000, 0, 0], groups, { numDevices }).logP).toBeLessThan(-10);
      expect(testOf([50_000, 0, 0], groups, { numDevices, ordered: [1, 0, 2] }).logP).toBeLessThan(-10);
    });

    test("chance's part of the index is of all cells, none smaller than a device", () => {
      const reference = [25_000, 25_000, 0];
      const groups = [[100, 100, 50], ...Array.from({ length: 19 }, () => [125, 125, 0])];
      const { expected } = testOf(reference, groups, { numDevices });

      // The groups are alike but for the first: leaving it out leaves 0 of the last cell, else 50 of 4,750.
      // Deviations of 20 values of which one is lower by 1/95: 19/20 * 19/20 / 95^2 in all, a quarter in each of the others.
      const spread = (19 / 20) ** 2 / 95 ** 2;
      const ofReference = (2 * 0.25) / 50_000;
      const pooled = (25_000 + 0.495 * 5000) / 55_000;
      expect(expected).toBeCloseTo(spread / 0.01 + (2 * spread) / 4 / pooled + ofReference / pooled, 12);
    });
  });

  test("keeps its level of 5 % over groups whose devices are alike, and finds a shift (seeded)", () => {
    const random = createRandom("clustered");
    const rejected = (shift: number): number => {
      let num = 0;
      for (let run = 0; run < 400; run += 1) {
        const groups = Array.from({ length: 16 }, () => {
          // Every group has a rate of its own, uniform around one half plus the shift.
          const rate = 0.35 + 0.3 * random.unit() + shift;
          let count = 0;
          for (let row = 0; row < 100; row += 1) count += Number(random.unit() < rate);
          return [count, 100 - count];
        });
        num += Number((testOf([5000, 5000], groups).logP ?? 0) <= Math.log(0.05));
      }
      return num / 400;
    };

    // Four standard deviations of a share of 400.
    expect(Math.abs(rejected(0) - 0.05)).toBeLessThan(4 * Math.sqrt((0.05 * 0.95) / 400));
    expect(rejected(0.15)).toBeGreaterThan(0.99);
  });
});
