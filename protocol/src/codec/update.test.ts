import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { UpdateEncoding } from "../messages/round.js";
import { createRandom } from "../random.js";
import { decodeUpdate, encodedUpdateBytes, encodeUpdate, INT8_BLOCK } from "./update.js";

const ENCODINGS: readonly UpdateEncoding[] = ["float32", "float16", "int8"];
const SEED = 20_260;

const golden = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/golden/${name}`, import.meta.url)));

/** The vector of `fixtures/make_golden.py`: a block, a block of zeros, and the beginning of a third. */
const VALUES = Float32Array.from({ length: 600 }, (_, at) =>
  at >= 256 && at < 512 ? 0 : (((37 * at) % 101) - 50) / 3,
);

/** 2^127: near the largest float32, and far enough below it for the rounded scale. */
const MAX_INT8 = 2 ** 127;
const finite32 = fc.float({ noNaN: true, noDefaultInfinity: true });

describe("golden updates of an independent writer", () => {
  test.each(ENCODINGS)("%s is written byte for byte", (encoding) => {
    expect(encodeUpdate(VALUES, encoding, createRandom("golden"))).toEqual(golden(`update.${encoding}.bin`));
  });

  test("float32 is read exactly", () => {
    expect(decodeUpdate(golden("update.float32.bin"), "float32", 600)).toEqual(VALUES);
  });

  test("float16 is read within half a unit of its last place", () => {
    const decoded = decodeUpdate(golden("update.float16.bin"), "float16", 600);

    // 11 significant bits: a relative error of at most 2^-11.
    const errors = decoded.map((value, at) => Math.abs(value - (VALUES[at] as number)));
    expect(errors.every((error, at) => error <= 2 ** -11 * Math.abs(VALUES[at] as number))).toBe(true);
  });

  test("int8 is read within one scale", () => {
    const decoded = decodeUpdate(golden("update.int8.bin"), "int8", 600);

    const scale = 50 / 3 / 127;
    const errors = decoded.map((value, at) => Math.abs(value - (VALUES[at] as number)));
    // 1e-6: the scale and the products are rounded to float32.
    expect(Math.max(...errors)).toBeLessThanOrEqual(scale * (1 + 1e-6));
  });
});

describe("float16", () => {
  test("rounds as numpy does, ties and subnormals included", () => {
    const cases = golden("halves.bin");
    const view = new DataView(cases.buffer);
    const count = cases.length / 6;
    const floats = new Uint32Array(Array.from({ length: count }, (_, at) => view.getUint32(6 * at, true)));
    const halves = Array.from({ length: count }, (_, at) => view.getUint16(6 * at + 4, true));

    const encoded = encodeUpdate(new Float32Array(floats.buffer), "float16", createRandom(""));

    expect(Array.from(new Uint16Array(encoded.buffer))).toEqual(halves);
  });

  test("reads all 65,536 numbers as IEEE 754 defines them", () => {
    const all = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
    const expected = Float32Array.from(all, (bits) => {
      const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, (bits & 1023) / 1024];
      if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
      return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
    });

    expect(decodeUpdate(new Uint8Array(all.buffer), "float16", all.length)).toEqual(expected);
  });

  test("holds 65,504 and refuses the next float32", () => {
    const next = new Float32Array(Uint32Array.of(0x477fe001).buffer);

    expect(encodeUpdate(Float32Array.of(-65_504), "float16", createRandom(""))).toEqual(
      Uint8Array.of(0xff, 0xfb),
    );
    expect(() => encodeUpdate(next, "float16", createRandom(""))).toThrow(
      expect.objectContaining({ code: "UPDATE_NOT_FINITE" }),
    );
  });
});

describe("int8", () => {
  test("draws are unbiased: the mean of many encodings is the value", () => {
    // 0.3, 12.75 and -100.5 scales of 1: the first value makes the scale exactly 1.
    const values = Float32Array.of(127, 0.3, 12.75, -100.5, -0.01, 0);
    const [draws, random] = [20_000, createRandom("unbiased")];
    const sums = new Float64Array(values.length);
    for (let draw = 0; draw < draws; draw += 1) {
      decodeUpdate(encodeUpdate(values, "int8", random), "int8", values.length).forEach((value, at) => {
        sums[at] = (sums[at] as number) + value;
      });
    }

    // One draw between two neighbours has a standard deviation of at most 0.5; five of the mean's are 0.018.
    const tolerance = (5 * 0.5) / Math.sqrt(draws);
    const errors = values.map((value, at) => Math.abs((sums[at] as number) / draws - value));
    expect(Math.max(...errors)).toBeLessThan(tolerance);
  });

  test("draws have the variance of a coin between two neighbours: f(1 - f)", () => {
    const values = Float32Array.from({ length: 256 }, (_, at) => (at === 0 ? 127 : 10.25));
    const random = createRandom("variance");
    const decoded = Array.from({ length: 100 }, () =>
      decodeUpdate(encodeUpdate(values, "int8", random), "int8", 256).slice(1),
    ).flatMap((each) => [...each]);

    const variance = decoded.reduce((sum, value) => sum + (value - 10.25) ** 2, 0) / decoded.length;

    // 0.25 * 0.75. A square is 1/16 or 9/16, so it deviates by 0.5 * sqrt(0.1875) = 0.217; of 25,500 draws' mean,
    // five standard deviations are 0.0068.
    expect(Math.abs(variance - 0.1875)).toBeLessThan(0.0068);
  });

  test("every value is within one scale of its own block, whatever its size", () => {
    fc.assert(
      fc.property(
        fc.float32Array({ noNaN: true, min: -MAX_INT8, max: MAX_INT8, maxLength: 600 }),
        (values) => {
          const bytes = encodeUpdate(values, "int8", createRandom("bounds"));
          const decoded = decodeUpdate(bytes, "int8", values.length);
          const view = new DataView(bytes.buffer);
          values.forEach((value, at) => {
            const scale = view.getFloat32(4 * Math.floor(at / INT8_BLOCK), true);
            // The product is rounded to float32 once: half a unit in the last place, or half of the smallest number.
            const rounding = Math.abs(value) * 2 ** -22 + 2 ** -149;
            expect(Math.abs((decoded[at] as number) - value)).toBeLessThanOrEqual(scale + rounding);
          });
        },
      ),
      { seed: SEED, numRuns: 200 },
    );
  });

  test("a value whose rounded code would come back infinite is refused", () => {
    const largest = new Float32Array(Uint32Array.of(0x7f7fffff).buffer);

    expect(() => encodeUpdate(largest, "int8", createRandom(""))).toThrow(
      expect.objectContaining({ code: "UPDATE_NOT_FINITE" }),
    );
  });

  test("zero stays exactly zero, and so does a block of zeros", () => {
    const values = new Float32Array(300);
    values[299] = 1e-3;

    const bytes = encodeUpdate(values, "int8", createRandom("zeros"));

    expect(bytes.subarray(0, 4)).toEqual(new Uint8Array(4));
    expect(decodeUpdate(bytes, "int8", 300).subarray(0, 299)).toEqual(new Float32Array(299));
  });

  test("blocks do not share a scale", () => {
    const values = new Float32Array(257).fill(1e-6);
    values[256] = 1000;

    const decoded = decodeUpdate(encodeUpdate(values, "int8", createRandom("scales")), "int8", 257);

    // All of block 0 is its own maximum: code 127 of scale 1e-6 / 127, up to the rounding of the scale.
    expect(Math.abs((decoded[0] as number) / 1e-6 - 1)).toBeLessThan(1e-6);
  });

  test("equal seeds give equal bytes", () => {
    expect(encodeUpdate(VALUES, "int8", createRandom("one"))).toEqual(
      encodeUpdate(VALUES, "int8", createRandom("one")),
    );
  });
});

describe("sizes and refusals", () => {
  test.each([
    ["float32", 0, 0],
    ["float32", 257, 1028],
    ["float16", 257, 514],
    ["int8", 0, 0],
    ["int8", 1, 5],
    ["int8", 256, 260],
    ["int8", 257, 265],
    ["int8", 199_210, 202_326],
  ] as const)("%s of %d parameters takes %d bytes", (encoding, numParameters, expected) => {
    expect(encodedUpdateBytes(numParameters, encoding)).toBe(expected);
  });

  test("float32 gives back every finite vector", () => {
    fc.assert(
      fc.property(fc.array(finite32, { maxLength: 100 }), (numbers) => {
        const values = Float32Array.from(numbers);
        const bytes = encodeUpdate(values, "float32", createRandom(""));
        expect(decodeUpdate(bytes, "float32", values.length)).toEqual(values);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  describe.each(ENCODINGS)("%s", (encoding) => {
    test.each([NaN, Infinity, -Infinity])("refuses to encode %d", (value) => {
      expect(() => encodeUpdate(Float32Array.of(1, value), encoding, createRandom(""))).toThrow(
        expect.objectContaining({ code: "UPDATE_NOT_FINITE" }),
      );
    });

    test("refuses a body cut short", () => {
      expect(() => decodeUpdate(golden(`update.${encoding}.bin`).subarray(1), encoding, 600)).toThrow(
        expect.objectContaining({ code: "UPDATE_TRUNCATED" }),
      );
    });

    test("refuses a body that is too long", () => {
      expect(() => decodeUpdate(golden(`update.${encoding}.bin`), encoding, 599)).toThrow(
        expect.objectContaining({ code: "UPDATE_TOO_LARGE" }),
      );
    });

    test("reads a body at an odd offset", () => {
      const bytes = golden(`update.${encoding}.bin`);
      const shifted = new Uint8Array(bytes.length + 1);
      shifted.set(bytes, 1);

      expect(decodeUpdate(shifted.subarray(1), encoding, 600)).toEqual(decodeUpdate(bytes, encoding, 600));
    });
  });

  test.each([NaN, Infinity])("refuses an int8 scale of %d", (scale) => {
    const bytes = golden("update.int8.bin");
    new DataView(bytes.buffer).setFloat32(8, scale, true);

    expect(() => decodeUpdate(bytes, "int8", 600)).toThrow(
      expect.objectContaining({ code: "UPDATE_NOT_FINITE" }),
    );
  });

  test("passes NaN in float data on to the aggregator's own check", () => {
    const bytes = new Uint8Array(Float32Array.of(1, NaN).buffer);

    expect(decodeUpdate(bytes, "float32", 2)).toEqual(Float32Array.of(1, NaN));
  });
});
