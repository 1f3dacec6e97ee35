import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  binOf,
  cellsOf,
  decodeSample,
  equalMassEdges,
  nextDouble,
  pooledNumbers,
  readPair,
  testDrift,
} from "../index.js";

describe("reading two samples", () => {
  test("null, undefined and NaN are missing, infinities are values, and words for them are read", () => {
    const pair = readPair([1, null, undefined, Number.NaN, "NaN", "Infinity", "-Infinity"], [2]);

    expect(pair).toMatchObject({ kind: "numbers", reference: { numMissing: 4, numWrongType: 0 } });
    if ("reason" in pair || pair.kind !== "numbers") throw new Error("not numbers");
    expect([...pair.reference.values]).toEqual([1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });

  test("the reference decides the kind; of a reference without values, the current sample", () => {
    expect(readPair(["a", 1], [2])).toMatchObject({ kind: "categories" });
    expect(readPair([1], ["a"])).toMatchObject({ kind: "numbers", current: { numWrongType: 1 } });
    expect(readPair([null], ["a"])).toMatchObject({ kind: "categories" });
    expect(readPair([], [])).toMatchObject({ kind: "numbers" });
    expect(readPair([null, [1, 2]], [[3, 4]])).toMatchObject({ kind: "vectors", width: 2, numMissing: 1 });
  });

  const OF_EVERY_OBJECT = Object.getOwnPropertyNames(Object.prototype);

  test.each(OF_EVERY_OBJECT)("%s among numbers is a text like any other", (text) => {
    expect(testDrift("ks", [1, 2, 3], [1, 2, text])).toMatchObject({ m: 2 });
    expect(readPair([1, 2, 3], [1, 2, text])).toMatchObject({ current: { numMissing: 0, numWrongType: 1 } });
  });

  test("texts that every object has as names are categories", () => {
    expect(readPair(OF_EVERY_OBJECT, OF_EVERY_OBJECT)).toMatchObject({
      kind: "categories",
      reference: { counts: new Map(OF_EVERY_OBJECT.map((text) => [text, 1])), numMissing: 0 },
    });
  });

  test.each(OF_EVERY_OBJECT)("a count of the category %s is read", (name) => {
    const sample = decodeSample(JSON.parse(`{"categories": {"${name}": 3}}`), "a.json");

    expect(readPair(sample, sample)).toMatchObject({ reference: { counts: new Map([[name, 3]]) } });
  });

  test("NaN, which nothing is equal to, is refused where values are put in their order", () => {
    expect(() => pooledNumbers(Float64Array.of(1, Number.NaN), Float64Array.of(1))).toThrow(RangeError);
    expect(() => pooledNumbers(Float64Array.of(1), Float64Array.of(Number.NaN, 1))).toThrow(RangeError);
  });

  test("NaN among texts is one missing value, not a label each", () => {
    expect(readPair(["a", Number.NaN, Number.NaN], ["a"])).toMatchObject({
      reference: { numMissing: 2, counts: new Map([["a", 1]]) },
    });
  });

  test.each([
    [{ edges: [0, 1], counts: [1] }, [1], /counts and the other values/],
    [{ edges: [0, 1], counts: [1] }, { categories: { a: 1 } }, /bins and the other categories/],
    [{ edges: [0, 1], counts: [1] }, { edges: [0, 2], counts: [1] }, /different edges/],
    [{ edges: [1, 0], counts: [1] }, { edges: [1, 0], counts: [1] }, /ascend/],
    [{ edges: [0, 1], counts: [1.5] }, { edges: [0, 1], counts: [1] }, /whole numbers/],
    [{ categories: { a: -1 } }, { categories: { a: 1 } }, /whole numbers/],
  ])("what does not fit together is not testable: %j, %j", (reference, current, reason) => {
    expect(testDrift("psi", reference, current)).toMatchObject({
      verdict: "not_testable",
      reason: expect.stringMatching(reason),
    });
  });

  test.each([
    [null],
    [3],
    [{}],
    [[{}]],
    [[[1], 2]],
    [{ categories: [1] }],
    [{ edges: [0, "1"], counts: [2] }],
  ])("%j is no sample, and the error says what is", (value) => {
    expect(() => decodeSample(value, "a.json")).toThrow(
      expect.objectContaining({
        code: "DATA_CORRUPT",
        message: expect.stringMatching(/^a\.json .*; give \[1, 2, null\]/),
      }),
    );
  });
});

describe("bins of the reference", () => {
  test("cut a hundred different values into equal parts, the greatest inside", () => {
    const values = Float64Array.from({ length: 100 }, (_value, index) => index);

    expect([...equalMassEdges(values, 4)]).toEqual([0, 25, 50, 75, nextDouble(99)]);
  });

  test("give a spike a bin of its own, wherever it is", () => {
    const spiked = (at: number) =>
      Float64Array.from([
        ...new Array<number>(60).fill(at),
        ...Array.from({ length: 40 }, (_value, index) => index + 0.5),
      ]).sort();

    for (const at of [0, 20, 99]) {
      const edges = equalMassEdges(spiked(at), 5);
      expect(binOf(edges, nextDouble(at)) - binOf(edges, at)).toBe(1);
    }
  });

  test("rise, hold every value, and are no more than two for each bin that was asked for, and two", () => {
    const value = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    const values = fc.array(value, { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 25 }), (unsorted, numBins) => {
        const sorted = Float64Array.from(unsorted).sort();
        const edges = equalMassEdges(sorted, numBins);

        expect([...edges]).toEqual([...new Set(edges)].sort((one, other) => one - other));
        expect(edges[0]).toBeLessThanOrEqual(sorted[0] as number);
        expect(edges.at(-1)).toBeGreaterThan(sorted.at(-1) as number);
        expect(edges.length).toBeLessThanOrEqual(2 * numBins + 2);
      }),
    );
  });

  test("few different values have a bin each, and what is between them is seen", () => {
    const pair = readPair([1, 1, 2, 5], [1, 3, 4, 9, 0, 5]);
    if ("reason" in pair || pair.kind === "vectors") throw new Error("no values");

    const cells = cellsOf(pair, 20);

    expect([...cells.reference]).toEqual([0, 2, 1, 0, 1, 0]);
    expect([...cells.current]).toEqual([1, 1, 0, 2, 1, 1]);
  });

  test("missing values, infinities and wrong types are cells of the same table", () => {
    const pair = readPair([1, 2, null, "Infinity"], [1, "x", "-Infinity", null]);
    if ("reason" in pair || pair.kind === "vectors") throw new Error("no values");

    const cells = cellsOf(pair, 20);

    expect(cells.labels.slice(-4)).toEqual(["-Infinity", "Infinity", "missing", "wrong type"]);
    expect([cells.n, cells.m]).toEqual([4, 4]);
  });

  test("one infinite value among many neither moves an edge nor breaks a distance", () => {
    const reference = Array.from({ length: 200 }, (_value, index) => index);
    const with1 = testDrift("jensen-shannon", [...reference, Number.POSITIVE_INFINITY], reference);

    expect(with1.verdict).toBe("ok");
    expect(with1.statistic).toBeLessThan(0.06);
  });

  test.each([
    [0, Number.MIN_VALUE],
    [1, 1 + 2 ** -52],
    [-1, -1 + 2 ** -53],
    [-Number.MIN_VALUE, -0],
    [Number.MAX_VALUE, Number.POSITIVE_INFINITY],
  ])("the double above %d is %d", (value, next) => {
    expect(nextDouble(value)).toBe(next);
  });
});
