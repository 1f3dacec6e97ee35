import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BLOCK_BYTES, MAX_BLOB_BYTES } from "../limits.js";
import { createRandom, shuffled } from "../random.js";
import { blockCount, blockRange, createBlockAssembly } from "./blocks.js";

const SEED = 20_261;

/** A blob whose every byte tells its place. */
const blobOf = (sizeBytes: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: sizeBytes }, (_, at) => (at * 31 + (at >> 8)) % 251);

const blockOf = (blob: Uint8Array, index: number): Uint8Array => {
  const { start, end } = blockRange(blob.length, index);
  return blob.subarray(start, end);
};

describe("dividing a blob", () => {
  test.each([
    [1, 1],
    [122_879, 1],
    [122_880, 1],
    [122_881, 2],
    [503_316_480, 4096],
  ])("%d bytes are %d blocks", (sizeBytes, expected) => {
    expect(blockCount(sizeBytes)).toBe(expected);
  });

  test("the last block holds the rest", () => {
    expect(blockRange(245_761, 2)).toEqual({ start: 245_760, end: 245_761 });
  });

  test("the last block of a whole number of blocks is full", () => {
    expect(blockRange(245_760, 1)).toEqual({ start: 122_880, end: 245_760 });
  });

  test.each([-1, 2, 0.5, NaN, Infinity])("block %d of two is refused", (index) => {
    expect(() => blockRange(122_881, index)).toThrow(expect.objectContaining({ code: "BLOCK_INVALID" }));
  });
});

describe("putting a blob together", () => {
  test("any order with repeats gives the blob", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 * BLOCK_BYTES }), fc.string(), (sizeBytes, seed) => {
        const blob = blobOf(sizeBytes);
        const indices = Array.from({ length: blockCount(sizeBytes) }, (_, index) => index);
        const assembly = createBlockAssembly(sizeBytes);
        const order = shuffled([...indices, ...indices], createRandom(seed));

        const added = order.filter((index) => assembly.add(index, blockOf(blob, index)));

        expect(added.sort()).toEqual(indices);
        expect(assembly.receivedBytes).toBe(sizeBytes);
        // Not toEqual: comparing half a million elements one by one takes seconds.
        expect(Buffer.compare(assembly.bytes(), blob)).toBe(0);
      }),
      { seed: SEED, numRuns: 15 },
    );
  });

  test("a duplicate neither counts nor overwrites", () => {
    const assembly = createBlockAssembly(10);
    assembly.add(0, new Uint8Array(10).fill(1));

    expect(assembly.add(0, new Uint8Array(10).fill(2))).toBe(false);

    expect(assembly.receivedBytes).toBe(10);
    expect(assembly.bytes()).toEqual(new Uint8Array(10).fill(1));
  });

  test("names what is missing as inclusive ranges", () => {
    const assembly = createBlockAssembly(6 * BLOCK_BYTES);
    const body = new Uint8Array(BLOCK_BYTES);

    assembly.add(1, body);
    assembly.add(4, body);

    expect(assembly.missing()).toEqual([
      [0, 0],
      [2, 3],
      [5, 5],
    ]);
  });

  test("is complete with the last block and not before", () => {
    const assembly = createBlockAssembly(BLOCK_BYTES + 1);

    assembly.add(1, new Uint8Array(1));
    const early = assembly.isComplete();
    assembly.add(0, new Uint8Array(BLOCK_BYTES));

    expect([early, assembly.isComplete()]).toEqual([false, true]);
  });

  test("gives no bytes while blocks are missing", () => {
    const assembly = createBlockAssembly(BLOCK_BYTES + 1);
    assembly.add(0, new Uint8Array(BLOCK_BYTES));

    expect(() => assembly.bytes()).toThrow(expect.objectContaining({ code: "BLOB_INCOMPLETE" }));
  });

  test.each([
    ["a short body", 0, BLOCK_BYTES - 1],
    ["a long body", 0, BLOCK_BYTES + 1],
    ["a full body for the shorter last block", 1, BLOCK_BYTES],
    ["an empty body", 1, 0],
    ["an index beyond the end", 2, 1],
  ])("refuses %s and stays as it was", (_, index, length) => {
    const assembly = createBlockAssembly(BLOCK_BYTES + 1);

    expect(() => assembly.add(index, new Uint8Array(length))).toThrow(
      expect.objectContaining({ code: "BLOCK_INVALID" }),
    );

    expect(assembly.receivedBytes).toBe(0);
  });

  test.each([0, -1, 1.5, NaN, MAX_BLOB_BYTES + 1, 2 ** 53])("refuses a blob of %d bytes", (sizeBytes) => {
    expect(() => createBlockAssembly(sizeBytes)).toThrow(expect.objectContaining({ code: "BLOCK_INVALID" }));
  });
});

describe("resuming a transfer", () => {
  const blob = blobOf(3 * BLOCK_BYTES + 5);

  test("asks only for what was not kept", () => {
    const assembly = createBlockAssembly(blob.length, { bytes: blob, present: [[1, 2]] });

    expect(assembly.missing()).toEqual([
      [0, 0],
      [3, 3],
    ]);
    expect(assembly.receivedBytes).toBe(2 * BLOCK_BYTES);
  });

  test("gives the blob once the rest has come", () => {
    const bytes = blob.slice().fill(0, 0, BLOCK_BYTES);
    const assembly = createBlockAssembly(blob.length, { bytes, present: [[1, 3]] });

    assembly.add(0, blockOf(blob, 0));

    expect(Buffer.compare(assembly.bytes(), blob)).toBe(0);
  });

  test("does not write into what was kept", () => {
    const bytes = blob.slice();
    const assembly = createBlockAssembly(blob.length, { bytes, present: [[1, 3]] });

    assembly.add(0, new Uint8Array(BLOCK_BYTES));

    expect(Buffer.compare(bytes, blob)).toBe(0);
  });

  test.each([
    ["bytes of another size", blob.length - 1, [0, 0]],
    ["a block beyond the end", blob.length, [3, 4]],
    ["a negative block", blob.length, [-1, 0]],
  ] as const)("refuses %s", (_, length, range) => {
    const kept = { bytes: new Uint8Array(length), present: [range] };

    expect(() => createBlockAssembly(blob.length, kept)).toThrow(
      expect.objectContaining({ code: "BLOCK_INVALID" }),
    );
  });
});
