import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addVector, decodeVector, encodeVector, signedCell } from "./count-vector.js";

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
/** Zeros as often as in a window with few rows. */
const cell = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: uint32 });
const vector = (size: number): fc.Arbitrary<Uint32Array> =>
  fc.array(cell, { minLength: size, maxLength: size }).map((cells) => Uint32Array.from(cells));

const sumOf = (vectors: readonly Uint32Array[]): Uint32Array => {
  const sum = new Uint32Array(vectors[0]?.length ?? 0);
  for (const one of vectors) addVector(sum, one);
  return sum;
};

describe("the bytes of a vector", () => {
  test.each([
    [
      [3, 0, 0, 300, 1],
      [3, 0, 1, 0xac, 0x02, 1],
    ],
    [[0], [0, 0]],
    [
      [0, 0, 0],
      [0, 2],
    ],
    [[0xffffffff], [0xff, 0xff, 0xff, 0xff, 0x0f]],
    [[], []],
  ])("of %j are %j", (cells, bytes) => {
    expect([...encodeVector(Uint32Array.from(cells))]).toEqual(bytes);
    expect([...decodeVector(Uint8Array.from(bytes), cells.length)]).toEqual(cells);
  });

  test("give the vector again", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }).chain(vector), (given) => {
        expect(decodeVector(encodeVector(given), given.length)).toEqual(given);
      }),
    );
  });

  test.each<[string, readonly number[], number]>([
    ["end in the middle of a cell", [0x80], 1],
    ["are longer than need be", [0x83, 0x00], 1],
    ["go beyond 32 bits", [0xff, 0xff, 0xff, 0xff, 0x1f], 1],
    ["never end a cell", [0x80, 0x80, 0x80, 0x80, 0x80, 0x01], 2],
    ["have too few cells", [1], 2],
    ["have too many", [1, 1], 1],
    ["have a run of zeros beyond the end", [0, 5], 3],
    ["split a run of zeros", [0, 0, 0, 0], 2],
    ["are more than the cells can take", Array<number>(64).fill(1), 2],
  ])("are refused when they %s", (_, bytes, numCells) => {
    expect(() => decodeVector(Uint8Array.from(bytes), numCells)).toThrow(
      expect.objectContaining({ code: "VECTOR_INVALID" }),
    );
  });

  test("that came from anybody are a vector with these very bytes, or refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 30 }), (bytes, numCells) => {
        let given: Uint32Array;
        try {
          given = decodeVector(bytes, numCells);
        } catch (error) {
          expect(error).toMatchObject({ code: "VECTOR_INVALID" });
          return;
        }
        expect([...encodeVector(given)]).toEqual([...bytes]);
      }),
    );
  });
});

describe("a sum of vectors", () => {
  test("is the same to the byte in any order and grouping", () => {
    const some = fc.array(vector(12), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(some, fc.infiniteStream(fc.nat()), fc.nat(), (vectors, keys, split) => {
        const order = vectors.map((one) => [keys.next().value as number, one] as const);
        const shuffled = order.sort(([a], [b]) => a - b).map(([, one]) => one);
        const at = split % (vectors.length + 1);
        const groups = [shuffled.slice(0, at), shuffled.slice(at)].filter((group) => group.length > 0);

        expect(encodeVector(sumOf(groups.map(sumOf)))).toEqual(encodeVector(sumOf(vectors)));
      }),
    );
  });

  test("wraps at 2^32, so that masks which add up to nothing leave it as it is", () => {
    expect([...sumOf([Uint32Array.of(7), Uint32Array.of(0xfffffffe), Uint32Array.of(2)])]).toEqual([7]);
    expect([signedCell(0xffffffff), signedCell(5)]).toEqual([-1, 5]);
  });

  test("is refused for another layout", () => {
    expect(() => addVector(new Uint32Array(2), new Uint32Array(3))).toThrow(
      expect.objectContaining({ code: "VECTOR_LAYOUT_MISMATCH" }),
    );
  });
});
