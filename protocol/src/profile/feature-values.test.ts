import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FeatureSource } from "./feature-source.js";
import { valueOf, type FeatureRows, type FeatureTensor } from "./feature-values.js";

const float32 = (shape: readonly number[], ...values: number[]): FeatureTensor => ({
  shape,
  data: Float32Array.from(values),
});

const rows = (parts: Partial<FeatureRows>): FeatureRows => ({
  ...{ inputs: {}, outputs: {}, label: null, fields: {}, latencyUs: null },
  ...parts,
});

const of = { of: "input", name: "x" } as const;
const sourceOf = (take: string, more: object = {}): FeatureSource =>
  ({ take, ...of, ...more }) as FeatureSource;
const ask = (source: FeatureSource, x: FeatureTensor, row = 0): unknown =>
  valueOf(source)(rows({ inputs: { x } }), row);

describe("of the second row of [[9, 9, 9, 9], [3, 0, 4, 0]]", () => {
  const x = float32([2, 4], 9, 9, 9, 9, 3, 0, 4, 0);

  // Mean 7/4; squares 9 + 0 + 16 + 0 = 25; variance 25/4 - 49/16 = 51/16.
  test.each<[string, object, number]>([
    ["value", { at: 2 }, 4],
    ["mean", {}, 1.75],
    ["std", {}, Math.sqrt(51) / 4],
    ["min", {}, 0],
    ["max", {}, 4],
    ["norm", {}, 5],
    ["zero-share", {}, 0.5],
    ["length", {}, 3],
    ["share-of", { value: 3 }, 0.25],
    ["argmax", {}, 2],
    ["top-score", {}, 4],
  ])("%s %j is %d", (take, more, value) => {
    expect(ask(sourceOf(take, more), x, 1)).toBeCloseTo(value, 14);
  });

  test.each(["value", "mean", "length", "zero-share", "argmax", "top-score"])(
    "%s of a third is missing",
    (take) => {
      expect(ask(sourceOf(take, { at: 0 }), x, 2)).toBeNull();
    },
  );

  test("a number beyond the row is missing, and none of the next row's", () => {
    expect(ask(sourceOf("value", { at: 4 }), x, 0)).toBeNull();
  });
});

describe("numbers that are none", () => {
  test.each<[string, readonly number[], number | null]>([
    ["argmax", [Number.NaN, 1, 3, 2], 2],
    ["top-score", [Number.NaN, 1, 3, 2], 3],
    ["argmax", [2, Number.NaN, 2, 1], 0],
    ["argmax", [Number.NaN, Number.NaN], null],
    ["top-score", [Number.NaN, Number.NaN], null],
    ["argmax", [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY], 0],
    ["top-score", [1, Number.POSITIVE_INFINITY], Number.POSITIVE_INFINITY],
    ["mean", [1, Number.NaN], Number.NaN],
    ["max", [Number.NaN, 1], Number.NaN],
    ["norm", [Number.NEGATIVE_INFINITY, 1], Number.POSITIVE_INFINITY],
    ["zero-share", [0, -0, Number.NaN, 1], 0.5],
    ["length", [0, Number.NaN, 0, 0], 2],
    ["length", [0, 0], 0],
  ])("%s of %j is %d", (take, values, value) => {
    expect(ask(sourceOf(take), float32([1, values.length], ...values))).toEqual(value);
  });
});

describe("tensors of other kinds", () => {
  test("whole numbers of 64 bits are numbers", () => {
    const x = { shape: [1, 4], data: BigInt64Array.of(7n, 2n, 0n, 0n) };
    const takes = ["value", "length", "max", "zero-share"];

    expect(takes.map((take) => ask(sourceOf(take, { at: 1 }), x))).toEqual([2, 2, 7, 0.5]);
    expect(ask(sourceOf("share-of", { value: 2 }), x)).toBe(0.25);
  });

  test("axes after the first are one row's", () => {
    expect(ask(sourceOf("mean"), float32([2, 2, 2], 1, 2, 3, 4, 5, 6, 7, 8), 1)).toBe(6.5);
  });

  test.each<[string, FeatureTensor]>([
    ["has no rows", float32([0, 3])],
    ["has rows of nothing", float32([1, 0])],
    ["has fewer numbers than its shape", float32([3, 2], 1, 2, 3, 4)],
  ])("one that %s has no value", (_, x) => {
    const takes = ["value", "mean", "std", "length", "zero-share", "argmax", "top-score"];
    const values = takes.map((take) => ask(sourceOf(take, { at: 0 }), x));

    expect([...values, ask(sourceOf("projection", { seed: "s" }), x)]).toEqual(Array(8).fill(null));
  });

  test("one without axes has one row", () => {
    const x = float32([], 5);

    expect([0, 1].map((row) => ask(sourceOf("value", { at: 0 }), x, row))).toEqual([5, null]);
  });
});

describe("where a value comes from", () => {
  const all = rows({
    outputs: { x: float32([1, 2], 1, 2) },
    label: float32([1], 3),
    fields: { colour: "red" },
    latencyUs: 40,
  });

  test.each<[FeatureSource, unknown]>([
    [{ take: "value", of: "output", name: "x", at: 1 }, 2],
    [{ take: "value", of: "input", name: "x", at: 1 }, null],
    [{ take: "value", of: "label", name: "anything", at: 0 }, 3],
    [{ take: "field", name: "colour" }, "red"],
    [{ take: "field", name: "size" }, null],
    [{ take: "latency" }, 40],
  ])("%j gives %j", (source, value) => {
    expect(valueOf(source)(all, 0)).toBe(value);
  });

  test("a label that has not come is missing", () => {
    expect(valueOf({ take: "value", of: "label", name: "y", at: 0 })(rows({}), 0)).toBeNull();
  });
});

interface Projection {
  readonly seed: string;
  readonly signs: string;
  readonly row: readonly number[];
  readonly value: number;
}
/** By `fixtures/projection_signs.py`. */
const PROJECTIONS = JSON.parse(
  readFileSync(new URL("../../fixtures/golden/projections.json", import.meta.url), "utf8"),
) as readonly Projection[];

describe.each(PROJECTIONS)('the direction "$seed" of $signs', ({ seed, signs, row, value }) => {
  const direction = valueOf(sourceOf("projection", { seed }));

  test("has the signs of the independent hash", () => {
    const width = row.length;
    const units = Array.from({ length: width }, (_, at) => {
      const unit = Array.from({ length: width }, (__, other) => Number(at === other));
      return direction(rows({ inputs: { x: float32([1, width], ...unit) } }), 0) as number;
    });

    expect(units.map((one) => (one > 0 ? "+" : "-")).join("")).toBe(signs);
    for (const one of units) expect(Math.abs(one)).toBeCloseTo(1 / Math.sqrt(width), 14);
  });

  test("projects the row as the reference does", () => {
    expect(direction(rows({ inputs: { x: float32([1, row.length], ...row) } }), 0)).toBeCloseTo(value, 12);
  });
});

test("every row of a batch has the value that it has alone", () => {
  const takes = ["mean", "std", "min", "max", "norm", "zero-share", "length", "argmax", "top-score"];
  const sources = [...takes.map((take) => sourceOf(take)), sourceOf("projection", { seed: "p" })];
  const value = fc.oneof(fc.float(), fc.constant(0));
  const batch = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }))
    .chain(([numRows, width]) =>
      fc.tuple(
        fc.constant(width),
        fc.array(value, { minLength: numRows * width, maxLength: numRows * width }),
      ),
    );
  fc.assert(
    fc.property(batch, fc.constantFrom(...sources), ([width, values], source) => {
      const numRows = values.length / width;
      const together = float32([numRows, width], ...values);
      const each = valueOf(source);
      for (let row = 0; row < numRows; row += 1) {
        const alone = float32([1, width], ...values.slice(row * width, (row + 1) * width));
        expect(each(rows({ inputs: { x: together } }), row)).toEqual(each(rows({ inputs: { x: alone } }), 0));
      }
    }),
  );
});

test.each(Object.getOwnPropertyNames(Object.prototype))(
  "what the app did not note and the model has not is missing, also when it is called %s",
  (name) => {
    const sources: FeatureSource[] = [
      { take: "field", name },
      { take: "mean", of: "input", name },
      { take: "mean", of: "output", name },
    ];
    expect(sources.map((source) => valueOf(source)(rows({}), 0))).toEqual([null, null, null]);
  },
);
