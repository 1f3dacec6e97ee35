import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TensorValues } from "../ports/engine.js";
import { TensorCopies } from "./tensor-copies.js";

const valuesOf = (...numbers: number[]): TensorValues => ({
  x: { shape: [numbers.length], data: Float32Array.from(numbers) },
});
const memoryOf = (values: TensorValues): ArrayBufferLike | undefined => values["x"]?.data.buffer;
/** Three of them fill what copies share. */
const LARGE = new Array<number>(2048).fill(1);

const step = fc.oneof(
  fc.record({ kind: fc.constant("copy" as const), length: fc.integer({ min: 0, max: 3000 }) }),
  fc.record({ kind: fc.constant("release" as const), at: fc.nat(40) }),
);

describe("copies of tensors", () => {
  test("hold what they were made of, whatever is copied and released meanwhile", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const copies = new TensorCopies();
        const held: { readonly copy: TensorValues; readonly numbers: number[] }[] = [];
        steps.forEach((each, at) => {
          if (each.kind === "copy") {
            const numbers = new Array<number>(each.length).fill(at + 1);
            held.push({ copy: copies.copyOf(valuesOf(...numbers)), numbers });
          } else {
            for (const { copy } of held.splice(each.at, 1)) copies.release(copy);
          }
          for (const { copy, numbers } of held) expect(copy).toEqual(valuesOf(...numbers));
        });
      }),
    );
  });

  test("do not follow what they were made of", () => {
    const given = valuesOf(1, 2);
    const copy = new TensorCopies().copyOf(given);
    given["x"]?.data.fill(9 as never);

    expect(copy).toEqual(valuesOf(1, 2));
  });

  test("use memory again once all that share it are released", () => {
    const copies = new TensorCopies();
    const first = new Array(4).fill(null).map(() => copies.copyOf(valuesOf(...LARGE)));
    const next = copies.copyOf(valuesOf(...LARGE));
    for (const copy of first.slice(1)) copies.release(copy);
    const stillHeld = copies.copyOf(valuesOf(...LARGE));

    expect(memoryOf(stillHeld)).not.toBe(memoryOf(first[0] as TensorValues));
    copies.release(first[0] as TensorValues);
    const later = new Array(3).fill(null).map(() => copies.copyOf(valuesOf(...LARGE)));
    expect(memoryOf(next)).not.toBe(memoryOf(first[0] as TensorValues));
    expect(later.map(memoryOf)).toContain(memoryOf(first[0] as TensorValues));
  });

  test("leave alone what is no copy of theirs", () => {
    expect(() => new TensorCopies().release(valuesOf(1))).not.toThrow();
  });
});
