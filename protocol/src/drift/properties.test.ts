import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom, shuffled } from "../random.js";
import * as drift from "./index.js";

const SEED = 20260901;
const parameters: fc.Parameters<unknown> = { seed: SEED, numRuns: 60 };

const value = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
/** Few different values, so that ties are common; infinities and missing ones among them. */
const tied = fc.oneof(
  fc.integer({ min: 0, max: 6 }),
  value,
  fc.constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.constantFrom(1.7e308, -1.7e308, 5e-324, 0, -0),
);
const sample = fc.array(tied, { maxLength: 40 });
const SAMPLE_METHODS = drift.DRIFT_METHODS.filter(
  (method) => !["adwin", "page-hinkley", "ddm"].includes(method),
);
/** MMD takes seconds with its permutations, and its p-value depends on the order of rows by design. */
const FAST_METHODS = SAMPLE_METHODS.filter((method) => method !== "mmd");

test.each(drift.DRIFT_METHODS)(
  "%s gives a finite statistic, p in [0, 1] and a verdict, or a reason",
  (method) => {
    const anything = fc.array(fc.oneof(tied, fc.constantFrom("a", "b", true, false)), { maxLength: 30 });
    const options = { permutations: 5, cosines: 8 };

    fc.assert(
      fc.property(fc.oneof(sample, anything), fc.oneof(sample, anything), (reference, current) => {
        const result = drift.testDrift(method, reference, current, options);

        expect(drift.VERDICTS).toContain(result.verdict);
        if (result.statistic === null) {
          expect(result.reason).toMatch(/[a-z]{4}/);
          return;
        }
        if (method !== "fisher") expect(Number.isFinite(result.statistic)).toBe(true);
        expect(Number.isNaN(result.statistic)).toBe(false);
        if (result.pValue !== undefined) {
          expect(result.pValue).toBeGreaterThanOrEqual(0);
          expect(result.pValue).toBeLessThanOrEqual(1);
        }
      }),
      parameters,
    );
  },
);

test.each(FAST_METHODS)("%s does not depend on the order of rows", (method) => {
  fc.assert(
    fc.property(sample, sample, fc.string(), (reference, current, seed) => {
      const random = createRandom(seed);
      const mixed = drift.testDrift(method, shuffled(reference, random), shuffled(current, random));
      const plain = drift.testDrift(method, reference, current);

      expect(mixed.verdict).toBe(plain.verdict);
      if (plain.statistic === null || !Number.isFinite(plain.statistic)) return;
      expect(Math.abs((mixed.statistic as number) - plain.statistic)).toBeLessThanOrEqual(
        1e-9 * Math.max(1, Math.abs(plain.statistic)),
      );
    }),
    parameters,
  );
});

test.each([
  "jensen-shannon",
  "hellinger",
  "total-variation",
  "l-infinity",
  "psi",
  "chi-squared",
  "g-test",
] as const)("%s of counts is the same both ways round", (method) => {
  const counts = fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { minLength: 2, maxLength: 12 });

  fc.assert(
    fc.property(counts, (pairs) => {
      const side = (at: 0 | 1) => ({
        categories: Object.fromEntries(pairs.map((pair, index) => [`c${index}`, pair[at]])),
      });
      const forth = drift.testDrift(method, side(0), side(1));
      const back = drift.testDrift(method, side(1), side(0));

      expect(back.verdict === "not_testable").toBe(forth.verdict === "not_testable");
      if (forth.statistic === null) return;
      expect(back.statistic).toBeCloseTo(forth.statistic, 10);
    }),
    parameters,
  );
});

test.each(["ks", "cramer-von-mises", "mann-whitney", "anderson-darling"] as const)(
  "%s sees ranks only: stretching the scale by a power of two and moving it changes nothing",
  (method) => {
    const whole = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 40 });

    fc.assert(
      fc.property(whole, whole, (reference, current) => {
        const stretched = (values: number[]) => values.map((item) => 8 * item + 3);
        const plain = drift.testDrift(method, reference, current);
        const other = drift.testDrift(method, stretched(reference), stretched(current));

        expect([other.statistic, other.logPValue]).toEqual([plain.statistic, plain.logPValue]);
      }),
      parameters,
    );
  },
);

describe("tails fall", () => {
  const x = fc.double({ min: 1e-6, max: 60, noNaN: true });
  const tails: Readonly<Record<string, (at: number) => number>> = {
    normal: (at) => drift.logNormalTail(at),
    "chi-squared of 7": (at) => drift.logChiSquaredTail(at, 7),
    "Student of 12.5": (at) => drift.logTwoSidedStudent(at, 12.5),
    Kolmogorov: (at) => drift.logKolmogorovTail(at),
    "Kolmogorov of 90": (at) => drift.logKolmogorovFiniteTail(90, at / 60),
    "Cramér-von Mises": (at) => drift.logCramerVonMisesTail(at),
  };

  test.each(Object.entries(tails))("%s", (_name, tail) => {
    fc.assert(
      fc.property(x, x, (one, other) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        const slack = 1e-11 * Math.max(1, Math.abs(tail(low)));
        expect(tail(high)).toBeLessThanOrEqual(tail(low) + slack);
      }),
      parameters,
    );
  });

  test("two-sample Kolmogorov-Smirnov, for every whole h", () => {
    for (const [n, m] of [
      [12, 12],
      [9, 14],
      [10, 15],
    ] as const) {
      let last = 0;
      for (let h = 0; h <= n * m; h += 1) {
        const log = drift.logLatticeTail(n, m, h) ?? Number.NaN;
        if (h > (n * m) / gcd(n, m)) break;
        expect(log).toBeLessThanOrEqual(last + 1e-12);
        last = log;
      }
    }
  });
});

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

test("counts merge in any order: a sample's bins are the sum of its parts' bins", () => {
  const parts = fc.array(fc.array(value, { maxLength: 20 }), { maxLength: 8 });

  fc.assert(
    fc.property(
      parts,
      fc.array(value, { minLength: 1, maxLength: 60 }),
      fc.string(),
      (chunks, reference, seed) => {
        const edges = drift.equalMassEdges(Float64Array.from(reference).sort(), 20);
        const countsOf = (values: readonly number[]): Uint32Array => {
          const counts = new Uint32Array(edges.length + 1);
          for (const item of values) drift.countInBin(counts, edges, item);
          return counts;
        };
        const merged = new Uint32Array(edges.length + 1);
        for (const chunk of shuffled(chunks, createRandom(seed))) {
          countsOf(chunk).forEach((count, bin) => (merged[bin] = (merged[bin] ?? 0) + count));
        }

        expect(merged).toEqual(countsOf(chunks.flat()));
      },
    ),
    parameters,
  );
});

test("the bin of a value is the number of edges at or below it", () => {
  const edges = fc.uniqueArray(value, { maxLength: 70 });

  fc.assert(
    fc.property(edges, value, (unsorted, item) => {
      const sorted = Float64Array.from(unsorted).sort();
      for (const probe of [item, ...sorted]) {
        expect(drift.binOf(sorted, probe)).toBe(sorted.filter((edge) => edge <= probe).length);
      }
    }),
    parameters,
  );
});
