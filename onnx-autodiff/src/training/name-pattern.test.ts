import { expect, test } from "vitest";
import { matchesPattern } from "./name-pattern.js";

test.each([
  ["fc1.weight", "*", true],
  ["fc1.weight", "fc1.*", true],
  ["fc1.weight", "*.weight", true],
  ["fc1.weight", "fc?.w*t", true],
  ["fc1.weight", "fc1", false],
  ["fc1.weight", "fc??.weight", false],
  ["fc1.weight", "*bias*", false],
  ["", "*", true],
  ["", "?", false],
  ["a+b", "a+b", true],
  ["aaab", "a*ab", true],
])("%s matches %s: %s", (name, pattern, wanted) => {
  expect(matchesPattern(name, pattern)).toBe(wanted);
});

test("a hostile pattern is answered at once", () => {
  expect(matchesPattern("a".repeat(5000), `${"a*".repeat(500)}b`)).toBe(false);
});
