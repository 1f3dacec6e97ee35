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
import { VALUES_AT_ONCE } from "./update-loading.js";

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

const anyUpdate = fc.record({
  values: fc.float32Array({ min: -1000, max: 1000, noNaN: true, minLength: 1, maxLength: 600 }),
  seed: fc.string(),
});

/** The nearest integer, ties to even, by arithmetic on whole numbers only. */
function roundHalfEven(value: number): bigint {
  const floor = Math.floor(value);
  const rest = value - floor;
  const isUp = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  return BigInt(isUp ? floor + 1 : floor);
}

function bytesOf(fold: FixedPointFold): Uint8Array {
  return Buffer.concat(fold.snapshot().map((part) => Uint8Array.from(part)));
}

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
    const kept = bytesOf(first);

    const resumed = new FixedPointFold(bounds);
    resumed.restore(kept);
    for (const { body, numExamples } of updates.slice(5)) {
      resumed.check(body, encoding);
      resumed.addChecked(numExamples);
    }

    expect(resumed.mean()).toEqual(whole);
  });

  test("finds the L2 norm and the largest magnitude of the decoded values", () => {
    const body = update("norm", encoding);

    const { l2Norm, isFinite, maxAbs } = new FixedPointFold(bounds).check(body, encoding);

    const decoded = decodeUpdate(body, encoding, bounds.numParameters);
    expect(l2Norm).toBeCloseTo(Math.hypot(...decoded), 6);
    expect(maxAbs).toBe(Math.max(...decoded.map(Math.abs)));
    expect(isFinite).toBe(true);
  });

  test("is the same bits when parts of it are summed apart and merged", () => {
    const whole = foldAll(updates, encoding).mean();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: updates.length }), (split) => {
        const left = foldAll(updates.slice(0, split), encoding);
        left.merge(bytesOf(foldAll(updates.slice(split), encoding)));

        expect(left.mean()).toEqual(whole);
      }),
    );
  });

  test("equals integer arithmetic on what the codec decodes, for any values, length and weight", () => {
    fc.assert(
      fc.property(anyUpdate, fc.integer({ min: 1, max: 1000 }), ({ values, seed }, numExamples) => {
        const body = encodeUpdate(values, encoding, createRandom(seed));
        const fold = new FixedPointFold({ ...bounds, numParameters: values.length, maxNorm: 2 ** 16 });

        fold.add(body, encoding, numExamples);

        // 2^16 * 1000 examples takes 26 bits of 50, and 100 devices leave 62 - 26 - 7 = 29: 24 bits for fractions.
        const decoded = decodeUpdate(body, encoding, values.length);
        const sums = new BigInt64Array(Uint8Array.from(fold.snapshot()[1]).buffer);
        expect([...sums]).toEqual([...decoded].map((value) => roundHalfEven(value * numExamples * 2 ** 24)));
      }),
    );
  });

  test("is loaded in several parts without losing or doubling a value", () => {
    const numParameters = 2 * VALUES_AT_ONCE + 300;
    const body = update("long", encoding, numParameters);
    const fold = new FixedPointFold({ ...bounds, numParameters });

    fold.add(body, encoding, 1);

    // 100 * 1000 examples takes 17 bits of 50, which leaves 33 for fractions; half a step is lost at most.
    const decoded = decodeUpdate(body, encoding, numParameters);
    const worst = fold.mean().reduce((most, value, at) => Math.max(most, Math.abs(value - decoded[at]!)), 0);
    expect(worst).toBeLessThanOrEqual(2 ** -34);
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
  const kept = bytesOf(other);

  expect(() => new FixedPointFold(bounds).restore(kept)).toThrowError(
    expect.objectContaining({ code: "DATA_CORRUPT" }),
  );
});

describe("an update that is refused", () => {
  const good = update("good", "float32");
  const spoilt = (change: (values: Float32Array) => void): Uint8Array => {
    const values = decodeUpdate(good, "float32", bounds.numParameters);
    change(values);
    return new Uint8Array(values.buffer);
  };

  test.each([
    { code: "UPDATE_NOT_FINITE", body: spoilt((values) => (values[7] = NaN)), numExamples: 1 },
    { code: "UPDATE_NORM_EXCEEDED", body: spoilt((values) => (values[7] = 100.1)), numExamples: 1 },
    { code: "UPDATE_TRUNCATED", body: good.subarray(4), numExamples: 1 },
    { code: "UPDATE_TOO_LARGE", body: new Uint8Array(good.length + 4), numExamples: 1 },
    { code: "UPDATE_EXAMPLES_INVALID", body: good, numExamples: 0 },
    { code: "UPDATE_EXAMPLES_INVALID", body: good, numExamples: 1.5 },
    { code: "UPDATE_EXAMPLES_INVALID", body: good, numExamples: 1001 },
  ])("as $code leaves the sum as it was", ({ code, body, numExamples }) => {
    const fold = foldAll([{ body: good, numExamples: 3 }], "float32");
    const before = bytesOf(fold);

    expect(() => fold.add(body, "float32", numExamples)).toThrowError(expect.objectContaining({ code }));
    expect(bytesOf(fold)).toEqual(before);
  });

  test("cannot be added after its check by ignoring what the check said", () => {
    const fold = foldAll([{ body: good, numExamples: 3 }], "float32");
    const before = bytesOf(fold);
    fold.check(
      spoilt((values) => (values[7] = 1e30)),
      "float32",
    );

    expect(() => fold.addChecked(1)).toThrowError(expect.objectContaining({ code: "INTERNAL" }));
    expect(bytesOf(fold)).toEqual(before);
  });
});

test("the largest updates of a full cohort do not overflow the sum", () => {
  const full = { numParameters: 3, maxNorm: 128, maxExamplesPerDevice: 1024, maxCohortSize: 4096 };
  const fold = new FixedPointFold(full);
  const body = new Uint8Array(Float32Array.of(128, 0, 0).buffer);

  for (let device = 0; device < full.maxCohortSize; device += 1) fold.add(body, "float32", 1024);

  expect([...fold.mean()]).toEqual([128, 0, 0]);
});

test("a device more than the cohort holds is refused", () => {
  const fold = new FixedPointFold({ ...bounds, maxCohortSize: 1 });
  const body = update("one", "float32");
  fold.add(body, "float32", 1);

  expect(() => fold.add(body, "float32", 1)).toThrowError(expect.objectContaining({ code: "INTERNAL" }));
});

test("the norm of an int8 update is never below its largest value, which rounding may have raised", () => {
  const body = new Uint8Array(encodedUpdateBytes(1, "int8"));
  const view = new DataView(body.buffer);
  view.setFloat32(0, Math.fround(0.1), true);
  view.setInt8(4, 127);

  const { l2Norm, maxAbs } = new FixedPointFold({ ...bounds, numParameters: 1 }).check(body, "int8");

  expect(maxAbs).toBe(Math.fround(127 * Math.fround(0.1)));
  expect(l2Norm).toBeGreaterThanOrEqual(maxAbs);
});

test.each([
  { numParameters: 0 },
  { numParameters: 1.5 },
  { numParameters: 100_000_001 },
  { maxNorm: 0 },
  { maxNorm: NaN },
  { maxNorm: Infinity },
  { maxExamplesPerDevice: 0 },
  { maxCohortSize: 0 },
  // 2^17 * 1000 examples takes 27 bits of 50: 23 for fractions are one too few.
  { maxNorm: 2 ** 17 },
])("bounds of %j are refused", (wrong) => {
  expect(() => new FixedPointFold({ ...bounds, ...wrong })).toThrowError(
    expect.objectContaining({ code: "OPTION_INVALID" }),
  );
});

describe("a snapshot", () => {
  const kept = bytesOf(
    foldAll(
      [
        { body: update("a", "float32"), numExamples: 3 },
        { body: update("b", "float32"), numExamples: 4 },
      ],
      "float32",
    ),
  );
  const changed = (change: (view: DataView) => void): Uint8Array => {
    const copy = Uint8Array.from(kept);
    change(new DataView(copy.buffer));
    return copy;
  };

  test.each([
    ["that is empty", new Uint8Array(0)],
    ["cut short", kept.subarray(0, kept.length - 8)],
    ["with another magic", changed((view) => view.setUint32(0, 1, true))],
    ["of a later version", changed((view) => view.setUint32(4, 2, true))],
    ["of other bounds", changed((view) => view.setInt32(12, 5, true))],
    ["of more devices than the cohort", changed((view) => view.setUint32(16, 101, true))],
    ["of more examples than its devices may have", changed((view) => view.setFloat64(24, 2001, true))],
    ["of fewer examples than devices", changed((view) => view.setFloat64(24, 1, true))],
    ["with examples that are no count", changed((view) => view.setFloat64(24, NaN, true))],
  ])("%s is refused", (_what, bytes) => {
    expect(() => new FixedPointFold(bounds).restore(bytes)).toThrowError(
      expect.objectContaining({ code: "DATA_CORRUPT" }),
    );
  });

  test("brings back what was counted", () => {
    const fold = new FixedPointFold(bounds);

    fold.restore(kept);

    expect([fold.numUpdates, fold.totalExamples]).toEqual([2, 7]);
  });
});

test("what the caller does to a body after its check does not reach the sum", () => {
  const body = update("own", "float32");
  const fold = new FixedPointFold(bounds);
  fold.check(body, "float32");
  body.fill(0xff);

  fold.addChecked(1);

  expect(bytesOf(fold)).toEqual(
    bytesOf(foldAll([{ body: update("own", "float32"), numExamples: 1 }], "float32")),
  );
});

test("a checked update is forgotten once a mean was taken in its place", () => {
  const fold = foldAll([{ body: update("a", "float32"), numExamples: 1 }], "float32");
  fold.check(update("b", "float32"), "float32");
  fold.mean();

  expect(() => fold.addChecked(1)).toThrowError(expect.objectContaining({ code: "INTERNAL" }));
});

test("a fold that was reset gives the bits of a new one", () => {
  const body = update("again", "float32");
  const fold = foldAll([{ body: update("first", "float32"), numExamples: 9 }], "float32");

  fold.reset();
  fold.add(body, "float32", 5);

  expect(bytesOf(fold)).toEqual(bytesOf(foldAll([{ body, numExamples: 5 }], "float32")));
});

test("a closed fold says so, and closes again without complaint", () => {
  const fold = new FixedPointFold(bounds);
  fold.close();
  fold.close();

  expect(() => fold.check(update("late", "float32"), "float32")).toThrowError(
    expect.objectContaining({ code: "CLOSED" }),
  );
});
