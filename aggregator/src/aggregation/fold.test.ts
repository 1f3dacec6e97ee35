import {
  createRandom,
  decodeUpdate,
  encodeUpdate,
  encodedUpdateBytes,
  type UpdateEncoding,
} from "@fedge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FOLD_KERNELS_BASE64 } from "./fold-kernels.generated.js";
import { FixedPointFold } from "./fold.js";

const ENCODINGS: readonly UpdateEncoding[] = ["float32", "float16", "int8"];
const bounds = { numParameters: 1000, maxNorm: 100, maxExamplesPerDevice: 1000, maxCohortSize: 100 };

function gaussianLike(length: number, seed: string, scale = 0.01): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length }, () => scale * (random.unit() + random.unit() + random.unit() - 1.5));
}

function update(seed: string, encoding: UpdateEncoding, length = bounds.numParameters): Uint8Array {
  return encodeUpdate(gaussianLike(length, seed), encoding, createRandom(`${seed}/rounding`));
}

function foldAll(
  updates: readonly { body: Uint8Array; numExamples: number }[],
  encoding: UpdateEncoding,
): FixedPointFold {
  const fold = new FixedPointFold(bounds);
  for (const { body, numExamples } of updates) {
    fold.check(body, encoding);
    fold.addChecked(numExamples);
  }
  return fold;
}

test("the committed kernels are those that their source compiles to", async () => {
  const { compileKernels } = (await import("../../wasm/compile.mjs")) as {
    compileKernels: () => Promise<Uint8Array>;
  };

  expect(Buffer.from(await compileKernels()).toString("base64")).toBe(FOLD_KERNELS_BASE64);
});

describe.each(ENCODINGS)("a fold of %s updates", (encoding) => {
  const updates = Array.from({ length: 12 }, (_, index) => ({
    body: update(`u${index}`, encoding),
    numExamples: 1 + ((index * 37) % 600),
  }));

  test("agrees with a float64 sum of what the codec decodes, to float32 rounding", () => {
    const mean = foldAll(updates, encoding).mean();

    const total = updates.reduce((sum, { numExamples }) => sum + numExamples, 0);
    const sums = new Float64Array(bounds.numParameters);
    for (const { body, numExamples } of updates) {
      decodeUpdate(body, encoding, bounds.numParameters).forEach(
        (value, at) => (sums[at]! += value * numExamples),
      );
    }
    // Half a unit in the last place of float32 is 6e-8 of the value; values near zero carry the fixed point's step.
    mean.forEach((value, at) =>
      expect(Math.abs(value - sums[at]! / total)).toBeLessThan(7e-8 * Math.abs(value) + 1e-9),
    );
  });

  test("is the same bits in whatever order the updates come", () => {
    const inOrder = foldAll(updates, encoding).mean();
    fc.assert(
      fc.property(fc.shuffledSubarray(updates, { minLength: updates.length }), (shuffled) => {
        expect(foldAll(shuffled, encoding).mean()).toEqual(inOrder);
      }),
      { numRuns: 10 },
    );
  });

  test("continues from a snapshot with the same bits", () => {
    const whole = foldAll(updates, encoding).mean();
    const first = foldAll(updates.slice(0, 5), encoding);
    const kept = Buffer.concat(first.snapshot().map((part) => Uint8Array.from(part)));

    const resumed = new FixedPointFold(bounds);
    resumed.restore(kept);
    for (const { body, numExamples } of updates.slice(5)) {
      resumed.check(body, encoding);
      resumed.addChecked(numExamples);
    }

    expect(resumed.mean()).toEqual(whole);
  });

  test("measures the L2 norm of the decoded values", () => {
    const body = update("norm", encoding);

    const { l2Norm, isFinite } = new FixedPointFold(bounds).check(body, encoding);

    const decoded = decodeUpdate(body, encoding, bounds.numParameters);
    expect(l2Norm).toBeCloseTo(Math.hypot(...decoded), 6);
    expect(isFinite).toBe(true);
  });

  test("refuses a body of another length", () => {
    const body = update("short", encoding);
    const fold = new FixedPointFold(bounds);

    expect(() => fold.check(body.subarray(1), encoding)).toThrowError(
      expect.objectContaining({ code: "UPDATE_TRUNCATED" }),
    );
    expect(() => fold.check(new Uint8Array(body.length + 1), encoding)).toThrowError(
      expect.objectContaining({ code: "UPDATE_TOO_LARGE" }),
    );
  });
});

describe("values that are not finite", () => {
  test.each([NaN, Infinity, -Infinity])("%s anywhere in a float32 update is found", (bad) => {
    for (const at of [0, 1, 2, 3, 500, 998, 999]) {
      const values = gaussianLike(bounds.numParameters, "bad");
      values[at] = bad;
      const body = new Uint8Array(values.buffer);

      expect(new FixedPointFold(bounds).check(body, "float32").isFinite).toBe(false);
    }
  });

  test.each([0x7c00, 0xfc00, 0x7e00, 0x7c01])("half-precision bits %i are found", (bits) => {
    const body = new Uint8Array(encodedUpdateBytes(bounds.numParameters, "float16"));
    new DataView(body.buffer).setUint16(2 * 777, bits, true);

    expect(new FixedPointFold(bounds).check(body, "float16").isFinite).toBe(false);
  });

  test("an int8 scale of NaN is found", () => {
    const body = update("scale", "int8");
    new DataView(body.buffer, body.byteOffset).setFloat32(4, NaN, true);

    expect(new FixedPointFold(bounds).check(body, "int8").isFinite).toBe(false);
  });
});

test("every half-precision number is read as what it stands for", () => {
  const numParameters = 63_488; // all finite bit patterns
  const body = new Uint8Array(2 * numParameters);
  const view = new DataView(body.buffer);
  let at = 0;
  for (let bits = 0; bits < 65_536; bits += 1)
    if ((bits & 0x7c00) !== 0x7c00) view.setUint16(2 * at++, bits, true);
  const fold = new FixedPointFold({
    numParameters,
    maxNorm: 2 ** 17,
    maxExamplesPerDevice: 1,
    maxCohortSize: 1,
  });

  fold.check(body, "float16");
  fold.addChecked(1);

  // The smallest half is 2^-24 and this fold keeps 33 bits after the point, so every value is exact.
  expect(fold.mean()).toEqual(decodeUpdate(body, "float16", numParameters).map((value) => value + 0));
});

test("a relative error of at most 1e-6 remains after 10,000 updates", () => {
  const numParameters = 64;
  const fold = new FixedPointFold({
    numParameters,
    maxNorm: 100,
    maxExamplesPerDevice: 1000,
    maxCohortSize: 10_000,
  });
  const sums = new Float64Array(numParameters);
  let total = 0;
  for (let index = 0; index < 10_000; index += 1) {
    const values = gaussianLike(numParameters, `many/${index}`).map((value) => value + 0.003);
    const numExamples = 1 + (index % 1000);
    fold.check(new Uint8Array(values.buffer), "float32");
    fold.addChecked(numExamples);
    values.forEach((value, at) => (sums[at]! += value * numExamples));
    total += numExamples;
  }

  const mean = fold.mean();
  mean.forEach((value, at) => expect(Math.abs(value / (sums[at]! / total) - 1)).toBeLessThan(1e-6));
});

test("an update that is not finite cannot be added even by mistake", () => {
  const fold = new FixedPointFold(bounds);
  fold.check(new Uint8Array(new Float32Array(bounds.numParameters).fill(NaN).buffer), "float32");

  expect(() => fold.addChecked(1)).toThrowError(expect.objectContaining({ code: "INTERNAL" }));
});

test("bounds that leave no room for fractions are refused by name", () => {
  expect(
    () => new FixedPointFold({ ...bounds, maxExamplesPerDevice: 2 ** 24, maxCohortSize: 2 ** 15 }),
  ).toThrowError(expect.objectContaining({ code: "OPTION_INVALID" }));
});

test("a snapshot of another model is refused", () => {
  const other = new FixedPointFold({ ...bounds, numParameters: 999 });
  const kept = Buffer.concat(other.snapshot().map((part) => Uint8Array.from(part)));

  expect(() => new FixedPointFold(bounds).restore(kept)).toThrowError(
    expect.objectContaining({ code: "DATA_CORRUPT" }),
  );
});
