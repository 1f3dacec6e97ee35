import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { TensorValues } from "../ports/engine.js";
import { TensorCopies } from "./tensor-copies.js";

const valuesOf = (...numbers: number[]): TensorValues => ({
  x: { shape: [numbers.length], data: Float32Array.from(numbers) },
  count: { shape: [1], data: BigInt64Array.of(BigInt(numbers.length)) },
});

test("copies hold what they were made of, whatever is copied after them", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 40 }), (lengths) => {
      const copies = new TensorCopies();
      const held = lengths.map((length, at) => {
        const numbers = new Array<number>(length).fill(at + 1);
        return { numbers, copy: copies.copyOf(valuesOf(...numbers)) };
      });

      for (const { copy, numbers } of held) expect(copy).toEqual(valuesOf(...numbers));
    }),
  );
});

test("copies do not follow what they were made of", () => {
  const given = valuesOf(1, 2);
  const copy = new TensorCopies().copyOf(given);
  given["x"]?.data.fill(9 as never);

  expect(copy).toEqual(valuesOf(1, 2));
});

test("small copies share memory, and large ones have their own", () => {
  const copies = new TensorCopies();
  const memoryOf = (length: number) =>
    copies.copyOf(valuesOf(...new Array<number>(length).fill(1)))["x"]?.data.buffer;

  expect(memoryOf(10)).toBe(memoryOf(20));
  expect(memoryOf(3000)?.byteLength).toBe(12_000);
});
