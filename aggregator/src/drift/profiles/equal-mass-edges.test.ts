import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextDouble } from "@fedge/protocol/drift";
import { equalMassEdges } from "./equal-mass-edges.js";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const rising = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const countsIn = (edges: readonly number[], values: readonly number[]): number[] =>
  edges.slice(1).map((end, bin) => {
    const isLast = bin === edges.length - 2;
    return values.filter((x) => x >= (edges[bin] as number) && (x < end || (isLast && x === end))).length;
  });

describe("edges of equal mass", () => {
  test("divide 100 different values into 20 bins of five", () => {
    const edges = equalMassEdges(upTo(100));

    expect(edges).toEqual([...upTo(20).map((bin) => 5 * bin), 99]);
    expect(countsIn(edges, upTo(100))).toEqual(Array(20).fill(5));
  });

  test("give a spike a bin of its own, and divide the rest equally", () => {
    const values = [...Array<number>(50).fill(0), ...upTo(50).map((at) => at + 1)];

    const edges = equalMassEdges(values, 6);

    expect(edges).toEqual([0, Number.MIN_VALUE, 11, 21, 31, 41, 50]);
    expect(countsIn(edges, values)).toEqual([50, 10, 10, 10, 10, 10]);
  });

  test("end a bin where a spike in the middle begins", () => {
    const values = [1, 2, ...Array<number>(6).fill(3), 4, 5];

    expect(equalMassEdges(values, 3)).toEqual([1, 3, nextDouble(3), 5]);
  });

  test("of one value alone are it and the next float", () => {
    expect(equalMassEdges([7])).toEqual([7, nextDouble(7)]);
    expect(equalMassEdges([-0, 0])).toEqual([0, Number.MIN_VALUE]);
  });

  test("of two values keep them apart", () => {
    expect(countsIn(equalMassEdges([1, 2]), [1, 2])).toEqual([1, 1]);
    expect(equalMassEdges([1, 1, 1, 2], 2)).toEqual([1, nextDouble(1), 2]);
    expect(equalMassEdges([1, 1, 1, 2, 2, 2], 3)).toEqual([1, 2, nextDouble(2)]);
  });

  test("rise, hold every value, none of them nothing, and no more bins than twice what was asked for", () => {
    const value = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    const values = fc.array(value, { minLength: 1, maxLength: 200 }).map(rising);
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 25 }), (sorted, numBins) => {
        const edges = equalMassEdges(sorted, numBins);

        expect(edges).toEqual(rising([...new Set(edges)]));
        const counts = countsIn(edges, sorted);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(sorted.length);
        expect(counts.filter((count) => count === 0)).toEqual([]);
        expect(edges.length).toBeLessThanOrEqual(2 * numBins + 2);
      }),
    );
  });
});

test.each([
  [0, 5e-324],
  [-0, 5e-324],
  [1, 1 + 2 ** -52],
  [-1, -1 + 2 ** -53],
  [5e-324, 1e-323],
  [-5e-324, -0],
])("the float after %d is %d", (value, next) => {
  expect(nextDouble(value)).toBe(next);
});
