import fc from "fast-check";
import { expect, test } from "vitest";
import { differenceOfProducts } from "./products.js";

test("differences of products of whole numbers are the double nearest to the exact one", () => {
  const whole = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -1000, max: 1000 }));
  fc.assert(
    fc.property(whole, whole, whole, whole, (a, b, c, d) => {
      const exact = Number(BigInt(a) * BigInt(b) - BigInt(c) * BigInt(d));

      expect(Math.abs(differenceOfProducts(a, b, c, d) - exact)).toBeLessThanOrEqual(
        Math.abs(exact) * 2 ** -52,
      );
    }),
  );
});

test("products that differ in their last digit alone leave it", () => {
  const largest = Number.MAX_SAFE_INTEGER;

  // (L - 1)^2 - L (L - 2) = 1.
  expect(differenceOfProducts(largest - 1, largest - 1, largest, largest - 2)).toBe(1);
});
