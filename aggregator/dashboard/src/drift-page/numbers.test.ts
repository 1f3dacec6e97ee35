import { expect, test } from "vitest";
import { pText, scoreText, shareText } from "./numbers.js";

test.each([
  [Math.log(0.031), "0.031"],
  [0, "1.000"],
  [Math.log(3e-42), "3 · 10⁻⁴²"],
  [-700 * Math.LN10, "1 · 10⁻⁷⁰⁰"],
  // 9.96 rounds up to the next power.
  [Math.log(9.96e-5), "1 · 10⁻⁴"],
  [-1e9, "0, as far as numbers go"],
  [null, "–"],
])("the p-value of logarithm %d is %j", (logP, text) => {
  expect(pText(logP)).toBe(text);
});

test.each([
  [0.1234, "0.123"],
  [-1.5, "−1.50"],
  [0, "0.000"],
  [0.0001, "< 0.001"],
  [123.4, "123"],
])("the score %d is %j", (value, text) => {
  expect(scoreText(value)).toBe(text);
});

test.each([
  [0, "0 %"],
  [0.0004, "< 0.1 %"],
  [0.2, "20.0 %"],
  [1, "100 %"],
])("the share %d is %j", (share, text) => {
  expect(shareText(share)).toBe(text);
});
