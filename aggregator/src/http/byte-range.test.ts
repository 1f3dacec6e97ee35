import { expect, test } from "vitest";
import { parseByteRange } from "./byte-range.js";

// The examples are those of RFC 9110, section 14.1.2, for a representation of 10,000 bytes.
test.each([
  ["bytes=0-499", { first: 0, last: 499 }],
  ["bytes=500-999", { first: 500, last: 999 }],
  ["bytes=-500", { first: 9500, last: 9999 }],
  ["bytes=9500-", { first: 9500, last: 9999 }],
  ["bytes=9999-20000", { first: 9999, last: 9999 }],
  ["bytes=-20000", { first: 0, last: 9999 }],
] as const)("%s is a range", (header, range) => {
  expect(parseByteRange(header, 10_000)).toEqual(range);
});

test.each([undefined, "", "bytes=-", "bytes=5-4", "bytes=0-1,4-5", "lines=0-1", "bytes=a-b"])(
  "%s asks for everything",
  (header) => {
    expect(parseByteRange(header, 10_000)).toBe("whole");
  },
);

test.each(["bytes=10000-", "bytes=-0"])("%s cannot be satisfied", (header) => {
  expect(parseByteRange(header, 10_000)).toBe("unsatisfiable");
});
