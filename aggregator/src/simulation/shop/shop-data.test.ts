import { describe, expect, test } from "vitest";
import { COLUMNS, ROWS_PER_DEVICE, drawShopFleet } from "./shop-data.js";

const NUM_DEVICES = 10;
const { examples, before, after } = drawShopFleet({
  numDevices: NUM_DEVICES,
  isOnCoast: (index) => index < 4,
  seed: "shop",
});
const width = COLUMNS.length;

const rowsOf = ({ first, count }: { readonly first: number; readonly count: number }): number[] =>
  Array.from({ length: count }, (_, at) => first + at);
const calm = before.flatMap(rowsOf);
const changed = [...after.values()].flatMap(rowsOf);
const input = (row: number, column: (typeof COLUMNS)[number]): number =>
  examples.input.data[row * width + COLUMNS.indexOf(column)] as number;
const mean = (rows: readonly number[], of: (row: number) => number): number =>
  rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
/** How well somebody does who follows the behaviour alone. */
const right = (rows: readonly number[], basketScale: number): number =>
  mean(rows, (row) => {
    const inclination =
      0.5 * (input(row, "basket") / basketScale - 1.1) + 2 * input(row, "visits") - input(row, "hour");
    return Number(inclination > 0 === (examples.target.data[row] === 1n));
  });

describe("customers of the shop", () => {
  test("are as many on every device, and again on the coast after the change", () => {
    expect(before.map(({ count }) => count)).toEqual(
      Array.from({ length: NUM_DEVICES }, () => ROWS_PER_DEVICE),
    );
    expect([...after.keys()]).toEqual([0, 1, 2, 3]);
  });

  test("have baskets around exp(1/8), the mean of this log-normal, and three times that after the change", () => {
    // A log-normal of deviation 1/2 has the mean exp(1/8) and the deviation 0.604.
    const tolerance = (rows: readonly number[]): number => (5 * 0.604) / Math.sqrt(rows.length);
    expect(Math.abs(mean(calm, (row) => input(row, "basket")) - Math.exp(1 / 8))).toBeLessThan(
      tolerance(calm),
    );
    expect(Math.abs(mean(changed, (row) => input(row, "basket")) / 3 - Math.exp(1 / 8))).toBeLessThan(
      tolerance(changed),
    );
  });

  test("come from countries that the model knows, and then from one that nobody has seen", () => {
    const countries = (rows: readonly number[]): Set<string | undefined> =>
      new Set(rows.map((row) => examples.noted?.values[examples.noted.codes[row] as number]));
    expect(countries(calm)).toEqual(new Set(["DE", "FR", "PL", "SE"]));
    expect(countries(changed)).toEqual(new Set(["NO"]));
    expect(
      changed.every((row) =>
        ["in DE", "in FR", "in PL", "in SE"].every((name) => input(row, name as "in DE") === 0),
      ),
    ).toBe(true);
  });

  test("buy when they are inclined to, and after the change when they are not", () => {
    expect(right(calm, 1)).toBeGreaterThan(0.85);
    expect(right(changed, 3)).toBeLessThan(0.15);
  });
});
