import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cellName, cellsOf, type FeatureValue } from "./value-cells.js";
import { sampleCategorical, sampleNumeric } from "./testing/sample-profile.js";

const age = sampleNumeric({ name: "age", edges: [0, 18, 40, 65] });
const colour = sampleCategorical({ name: "colour", categories: ["red", "blue"] });

describe("the cell of a number", () => {
  test.each<[FeatureValue, string]>([
    [0, "[0, 18)"],
    [-0, "[0, 18)"],
    [17.999, "[0, 18)"],
    [18, "[18, 40)"],
    [39, "[18, 40)"],
    [40, "[40, 65]"],
    [65, "[40, 65]"],
    [-1e-300, "below"],
    [65.0001, "above"],
    [null, "missing"],
    [Number.NaN, "missing"],
    ["17", "wrong-type"],
    [Number.POSITIVE_INFINITY, "not-finite"],
    [Number.NEGATIVE_INFINITY, "not-finite"],
    [true, "[0, 18)"],
    [false, "[0, 18)"],
  ])("%j is in %s", (value, name) => {
    expect(cellName(age, cellsOf(age)(value))).toBe(name);
  });

  test("is that which a look through all edges finds", () => {
    const number = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.double({ min: -20, max: 20, noNaN: true }));
    const rising = fc
      .uniqueArray(number, { minLength: 2, maxLength: 65, comparator: (a, b) => a === b })
      .map((edges) => edges.sort((a, b) => a - b));
    fc.assert(
      fc.property(rising, number, (edges, value) => {
        const numBins = edges.length - 1;
        const bin = edges.findIndex(
          (edge, at) => at < numBins && edge <= value && value < (edges[at + 1] as number),
        );
        const last = value === edges[numBins] ? numBins - 1 : bin;
        const outside = value < (edges[0] as number) ? numBins : numBins + 1;

        expect(cellsOf(sampleNumeric({ name: "x", edges }))(value)).toBe(last >= 0 ? last : outside);
      }),
    );
  });

  test.each([2, 3, 4, 5, 8, 9, 16, 17, 33, 64, 65])("each of %i edges begins its bin", (numEdges) => {
    const edges = Array.from({ length: numEdges }, (_, at) => at * 3);
    const cell = cellsOf(sampleNumeric({ name: "x", edges }));

    expect(edges.map(cell)).toEqual(edges.map((_, at) => Math.min(at, numEdges - 2)));
  });
});

describe("the cell of a category", () => {
  test.each<[FeatureValue, string]>([
    ["red", '"red"'],
    ["blue", '"blue"'],
    ["Red", "other"],
    ["", "other"],
    [null, "missing"],
    [Number.NaN, "missing"],
    [1, "wrong-type"],
    [true, "wrong-type"],
  ])("%j is %s", (value, name) => {
    expect(cellName(colour, cellsOf(colour)(value))).toBe(name);
  });

  test("whole numbers are other categories than their texts", () => {
    const digit = sampleCategorical({ name: "digit", categories: [0, 1] });

    expect([0, -0, 1, 2, "1"].map((value) => cellName(digit, cellsOf(digit)(value)))).toEqual([
      ...["0", "0", "1", "other", "wrong-type"],
    ]);
  });
});
