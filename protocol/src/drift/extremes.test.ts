import { expect, test } from "vitest";
import { DRIFT_METHODS, testDrift, type DriftMethod, type Sample } from "./index.js";
import { harmonicNumber, sharedHarmonic } from "./special/harmonic.js";
import { linesOf, numberOf, sampleOf, type CaseLine, type FunctionLine } from "./testing/reference-lines.js";

const LINES = linesOf("extremes.jsonl");
const CASES = LINES.filter((line): line is CaseLine => "method" in line);
const FUNCTIONS = LINES.filter((line): line is FunctionLine => "function" in line);
const offBy = (actual: unknown, expected: unknown): number =>
  Math.abs(numberOf(actual) - numberOf(expected)) / Math.max(Math.abs(numberOf(expected)), 1e-300);

test.each(FUNCTIONS)("$function($args) agrees with mpmath", ({ function: name, args, expected }) => {
  const own = name === "harmonicNumber" ? harmonicNumber : sharedHarmonic;

  expect(offBy(own(Number(args[0])), expected)).toBeLessThan(1e-14);
});

test.each(CASES)("$id agrees with whole-number fractions", ({ method, reference, current, expected }) => {
  const { statistic, pValue, effect } = testDrift(method, sampleOf(reference), sampleOf(current));

  expect(offBy(statistic, expected["statistic"]), `${statistic}`).toBeLessThan(1e-10);
  if (expected["pValue"] !== undefined)
    expect(offBy(pValue, expected["pValue"]), `${pValue}`).toBeLessThan(1e-10);
  if (expected["effect"] !== undefined) expect(offBy(effect?.value, expected["effect"])).toBeLessThan(1e-10);
});

const scaled = (values: readonly number[], factor: number): number[] => values.map((value) => value * factor);
const before = Array.from({ length: 120 }, (_, i) => ((i * 37) % 101) / 10);
const after = Array.from({ length: 110 }, (_, i) => ((i * 53) % 97) / 8);

test.each([2 ** 660, 2 ** -660, 2 ** 1015])("mmd of values times %d is that of the values", (factor) => {
  const plain = testDrift("mmd", before, after);

  expect(testDrift("mmd", scaled(before, factor), scaled(after, factor))).toMatchObject({
    ...{ statistic: plain.statistic, pValue: plain.pValue, effect: plain.effect, verdict: plain.verdict },
  });
});

test.each(["adwin", "page-hinkley"] as const)(
  "%s says why it follows none of values beyond 1e150",
  (method) => {
    const large = Array.from({ length: 110 }, (_, i) => (1 + (i % 7)) * 1e200);

    expect(testDrift(method, [], large)).toMatchObject({
      verdict: "not_testable",
      reason:
        "values beyond 1e150 have no square and are left out: 110; divide them, or give a reference to standardise by",
    });
  },
);

test.each(["adwin", "page-hinkley"] as const)(
  "%s follows large values by a reference as it does small ones",
  (method) => {
    const streams = [1, 2 ** 660].map((factor) => {
      const drifting = [...after, ...after.map((value) => value + 40)];
      return testDrift(method, scaled(before, factor), scaled(drifting, factor)).details["detections"];
    });

    expect(streams[0]).toHaveLength(1);
    expect(streams[1]).toEqual(streams[0]);
  },
);

test("welch calls values constant only when they are", () => {
  expect(testDrift("welch", [1e-200, 1e-200], [1e-200, 1e-200]).reason).toBe(
    "constant: neither sample varies",
  );
  expect(testDrift("welch", [0.1, 0.1, 0.1], [0.3, 0.3, 0.3]).reason).toBe("constant: neither sample varies");
  expect(testDrift("welch", [1, Infinity], [1, 2]).reason).toBe("infinite values have no mean");
});

test.each(["jensen-shannon", "hellinger", "total-variation"] as const)(
  "%s of samples without a common category is not above 1, however the shares round",
  (method) => {
    const part = (from: number, counts: readonly number[]): Sample => ({
      categories: Object.fromEntries(counts.map((count, at) => [`c${from + at}`, count])),
    });
    for (let size = 1; size < 60; size += 1) {
      const counts = Array.from({ length: size }, (_, at) => 1 + ((at * 7) % 11));
      expect(testDrift(method, part(0, counts), part(100, counts)).statistic).toBeLessThanOrEqual(1);
    }
  },
);

const LARGEST = Number.MAX_SAFE_INTEGER;
test.each(DRIFT_METHODS)("%s answers at once however large the counts are", (method: DriftMethod) => {
  const edges = [0, 1, 2];
  for (const [a, b, c, d] of [
    [LARGEST, LARGEST, LARGEST, LARGEST],
    [9e15, 8e15, 8e15, 9e15],
    [3e15, 1e15, 1e15, 3e15],
    [1e12, 1, 1, 1e12],
  ] as const)
    for (const mode of ["auto", "exact"] as const) {
      const bins = testDrift(method, { edges, counts: [a, b] }, { edges, counts: [c, d] }, { mode });
      const named = testDrift(
        method,
        { categories: { x: a, y: b } },
        { categories: { x: c, y: d } },
        { mode },
      );

      for (const { statistic, reason } of [bins, named])
        expect(statistic === null ? reason : statistic, `${mode} ${a}`).not.toBeOneOf([
          undefined,
          Number.NaN,
        ]);
    }
});
