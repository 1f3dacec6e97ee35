import { expect, test } from "vitest";
import { cellShares, shortCellName } from "./cell-shares.js";

test.each([
  ["[-6, -1.6448536269514646)", "[-6, -1.64)"],
  ["[1e-7, 0.52440051]", "[1e-7, 0.524]"],
  ["below", "below"],
  // A category is not a number, whatever it looks like.
  ['"3.14159"', '"3.14159"'],
])("the cell %j is drawn as %j", (name, short) => {
  expect(shortCellName(name)).toBe(short);
});

test("each side adds up to one, and is nothing without rows", () => {
  const shares = cellShares([
    { name: "a", reference: 3, rows: 0, devices: 64 },
    { name: "b", reference: 1, rows: 0, devices: 192 },
  ]);

  expect(shares).toEqual([
    { name: "a", reference: 0.75, rows: 0, devices: 0.25 },
    { name: "b", reference: 0.25, rows: 0, devices: 0.75 },
  ]);
});
