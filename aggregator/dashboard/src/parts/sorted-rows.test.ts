import { expect, test } from "vitest";
import { sortedRows } from "./sorted-rows.js";

const ROWS = [
  { name: "b", score: 2 },
  { name: "a", score: null },
  { name: "c", score: 7 },
  { name: "d", score: 2 },
];
const namesBy = (valueOf: (row: (typeof ROWS)[number]) => number | string | null, isDescending: boolean) =>
  sortedRows(ROWS, valueOf, isDescending).map(({ name }) => name);

test("rows without a value come last, whichever way", () => {
  expect(namesBy(({ score }) => score, true)).toEqual(["c", "b", "d", "a"]);
  expect(namesBy(({ score }) => score, false)).toEqual(["b", "d", "c", "a"]);
});

test("texts are ordered as words", () => {
  expect(namesBy(({ name }) => name, false)).toEqual(["a", "b", "c", "d"]);
});
