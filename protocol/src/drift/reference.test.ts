import { describe, expect, test } from "vitest";
import * as drift from "./index.js";
import { CASE_LINES, FUNCTION_LINES, numberOf, sampleOf, type CaseLine } from "./testing/reference-lines.js";

/**
 * Relative tolerance; what is computed by iteration or by sums of thousands of terms may be 1e-8 off. Logarithms are compared as
 * the numbers they stand for, by their difference.
 */
const EXACT = 1e-10;
const ITERATIVE = 1e-8;

function expectClose(actual: number | undefined, expected: number, tolerance: number, what: string): void {
  expect(actual, what).toBeTypeOf("number");
  if (!Number.isFinite(expected) || Number.isNaN(actual)) return expect(actual, what).toBe(expected);
  const allowed = tolerance * Math.max(Math.abs(expected), 1e-300);
  expect(
    Math.abs((actual as number) - expected),
    `${what}: ${actual} is not ${expected}`,
  ).toBeLessThanOrEqual(allowed);
}

/** p to 1e-10 relative is log p to 1e-10 absolute; beyond the doubles log p itself to 1e-10 relative. */
function expectLogClose(actual: number | undefined, expected: number, tolerance: number, what: string): void {
  expect(actual, what).toBeTypeOf("number");
  if (!Number.isFinite(expected)) return expect(actual, what).toBe(expected);
  const allowed = tolerance * Math.max(1, expected < -690 ? Math.abs(expected) : 1);
  expect(
    Math.abs((actual as number) - expected),
    `${what}: ${actual} is not ${expected}`,
  ).toBeLessThanOrEqual(allowed);
}

type Evaluate = (args: readonly number[]) => number;

const LOG_FUNCTIONS: Readonly<Record<string, Evaluate>> = {
  logGammaUpper: ([a = 0, x = 0]) => drift.logGammaUpper(a, x),
  logGammaLower: ([a = 0, x = 0]) => drift.logGammaLower(a, x),
  logChiSquaredTail: ([x = 0, dof = 0]) => drift.logChiSquaredTail(x, dof),
  logNormalTail: ([z = 0]) => drift.logNormalTail(z),
  logTwoSidedStudent: ([t = 0, dof = 0]) => drift.logTwoSidedStudent(t, dof),
  logKolmogorovTail: ([z = 0]) => drift.logKolmogorovTail(z),
  logKolmogorovFiniteTail: ([n = 0, d = 0]) => drift.logKolmogorovFiniteTail(n, d),
  logCramerVonMisesTail: ([x = 0]) => drift.logCramerVonMisesTail(x),
};

const FUNCTIONS: Readonly<Record<string, Evaluate>> = {
  erfc: ([z = 0]) => drift.erfc(z),
  normalQuantile: ([p = 0]) => drift.normalQuantile(p),
  chiSquaredTailQuantile: ([tail = 0, dof = 0]) => drift.chiSquaredTailQuantile(tail, dof),
  kolmogorovFiniteTail: ([n = 0, d = 0]) => Math.exp(drift.logKolmogorovFiniteTail(n, d)),
};

describe("special functions agree with mpmath and SciPy", () => {
  test.each(Object.keys(LOG_FUNCTIONS))("%s, also where the tail is below the smallest double", (name) => {
    const lines = FUNCTION_LINES.filter((line) => line.function === name);

    expect(lines.length).toBeGreaterThan(2);
    for (const { args, expected } of lines) {
      const actual = LOG_FUNCTIONS[name]?.(args as number[]);
      expectLogClose(actual, numberOf(expected), EXACT, `${name}(${args.join(", ")})`);
    }
  });

  test.each(Object.keys(FUNCTIONS))("%s", (name) => {
    const lines = FUNCTION_LINES.filter((line) => line.function === name);

    expect(lines.length).toBeGreaterThan(8);
    for (const { args, expected } of lines) {
      const actual = FUNCTIONS[name]?.(args as number[]);
      const tolerance = name === "kolmogorovFiniteTail" && Number(args[0]) > 140 ? ITERATIVE : EXACT;
      expectClose(actual, numberOf(expected), tolerance, `${name}(${args.join(", ")})`);
    }
  });

  test("log gamma, absolutely near its zeros at 1 and 2", () => {
    for (const { args, expected } of FUNCTION_LINES.filter((line) => line.function === "logGamma")) {
      const value = drift.logGamma(Number(args[0]));
      expect(Math.abs(value - numberOf(expected))).toBeLessThan(1e-14 * Math.max(1, numberOf(expected)));
    }
  });
});

function resultOf({ method, reference, current, options }: CaseLine): drift.DriftResult {
  return drift.testDrift(method, sampleOf(reference), sampleOf(current), options);
}

function expectResult(line: CaseLine): void {
  const { id, expected } = line;
  const result = resultOf(line);
  if (expected["verdict"] === "not_testable") {
    expect(result, id).toMatchObject({ verdict: "not_testable", statistic: null });
    expect(result.reason, id).toMatch(/\w{4}/);
    return;
  }
  const isLimit = result.details["mode"] === "asymptotic" && line.method === "ks";
  const tolerance = isLimit ? ITERATIVE : EXACT;
  expectClose(
    result.statistic ?? Number.NaN,
    numberOf(expected["statistic"]),
    toleranceOf(line),
    `${id} statistic`,
  );
  if (expected["pValue"] !== undefined) {
    expectClose(result.pValue, numberOf(expected["pValue"]), tolerance, `${id} p`);
  }
  if (expected["logPValue"] !== undefined) {
    expectLogClose(result.logPValue, numberOf(expected["logPValue"]), tolerance, `${id} log p`);
  }
  if (expected["effect"] !== undefined && expected["effect"] !== null) {
    expectClose(result.effect?.value, numberOf(expected["effect"]), toleranceOf(line), `${id} effect`);
  }
  for (const name of ["limit", "expectedByChance"]) {
    if (expected[name] === undefined) continue;
    expectClose(result.details[name] as number, numberOf(expected[name]), EXACT, `${id} ${name}`);
  }
}

/** A statistic that is nearly nothing is compared absolutely: it is a difference of numbers near 1. */
function toleranceOf(line: CaseLine): number {
  const statistic = Math.abs(numberOf(line.expected["statistic"]));
  return statistic > 0 && statistic < 1e-6 ? Math.min(1, 1e-16 / statistic) : EXACT;
}

const SAMPLE_LINES = CASE_LINES.filter(({ method }) => !["adwin", "page-hinkley", "ddm"].includes(method));
const METHODS = [...new Set(SAMPLE_LINES.map(({ method }) => method))];

describe("tests of two samples agree with SciPy, exact counts and mpmath", () => {
  test("every method has its cases", () => {
    expect([...METHODS].sort()).toEqual(
      drift.DRIFT_METHODS.filter((method) => !["adwin", "page-hinkley", "ddm"].includes(method)).sort(),
    );
    for (const method of METHODS) {
      expect(SAMPLE_LINES.filter((line) => line.method === method).length, method).toBeGreaterThan(7);
    }
  });

  test.each(METHODS)("%s", (method) => {
    for (const line of SAMPLE_LINES) if (line.method === method) expectResult(line);
  });
});

describe("detectors of streams", () => {
  const lines = CASE_LINES.filter(({ expected }) => expected["detections"] !== undefined);

  test.each(lines.map((line) => [line.id, line] as const))("%s", (_id, line) => {
    const { details, statistic } = resultOf(line);

    expect(details["detections"]).toEqual(line.expected["detections"]);
    expect(statistic).toBe(numberOf(line.expected["statistic"]));
    if (line.expected["warnings"] !== undefined)
      expect(details["warnings"]).toEqual(line.expected["warnings"]);
    expect(details["detections"]).toEqual(expect.arrayContaining([...(line.published ?? [])]));
  });

  test("streams that cannot be followed are not testable", () => {
    const traps = CASE_LINES.filter(({ method }) => ["adwin", "page-hinkley", "ddm"].includes(method));
    for (const line of traps.filter(({ expected }) => expected["verdict"] === "not_testable"))
      expectResult(line);
  });
});

describe("what goes with the tests", () => {
  const linesOf = (name: string) => FUNCTION_LINES.filter((line) => line.function === name);

  test("Wilson's interval as in SciPy", () => {
    for (const { args, expected } of linesOf("wilson")) {
      const [count, total, confidence] = args as [number, number, number];
      const { low, high } = drift.wilsonInterval(count, total, confidence);
      const [expectedLow, expectedHigh] = (expected as unknown[]).map(numberOf);
      expect(low).toBeCloseTo(expectedLow ?? Number.NaN, 12);
      expect(high).toBeCloseTo(expectedHigh ?? Number.NaN, 12);
    }
  });

  test("the z of two shares is the root of SciPy's chi-squared", () => {
    for (const { args, expected } of linesOf("twoProportions")) {
      const [k = 0, n = 0, l = 0, m = 0] = args as number[];
      const { statistic, pValue } = drift.twoProportions({ count: k, total: n }, { count: l, total: m });
      const [z, p] = (expected as unknown[]).map(numberOf);
      expectClose(statistic, z ?? Number.NaN, EXACT, "z");
      expectClose(pValue, p ?? Number.NaN, EXACT, "p");
    }
  });

  test("McNemar, exact and by chi-squared, with and without correction", () => {
    for (const { args, expected } of linesOf("mcNemar")) {
      const [b = 0, c = 0] = args as number[];
      const [exact, plain, plainP, edwards, edwardsP] = (expected as unknown[]).map(numberOf);
      const without = drift.mcNemar(b, c, "chi-squared", false);
      const corrected = drift.mcNemar(b, c, "chi-squared");
      expectClose(drift.mcNemar(b, c, "exact").pValue, exact ?? Number.NaN, EXACT, "exact");
      expect([without.statistic, corrected.statistic]).toEqual([plain, edwards]);
      expectClose(without.pValue, plainP ?? Number.NaN, EXACT, "plain");
      expectClose(corrected.pValue, edwardsP ?? Number.NaN, EXACT, "Edwards");
    }
  });

  test.each(["benjaminiHochberg", "holm"] as const)("%s adjusts as its definition says", (name) => {
    for (const { args, expected } of linesOf(name)) {
      const adjusted = drift[name](args as number[]);
      (expected as number[]).forEach((value, index) => expectClose(adjusted[index], value, EXACT, name));
    }
  });

  test("quantiles of bins lie evenly within their bin", () => {
    for (const { args, expected } of linesOf("binnedQuantile")) {
      const [edges, counts, probability] = args as [number[], number[], number];
      expect(drift.binnedQuantile(edges, counts, probability)).toBeCloseTo(numberOf(expected), 12);
    }
  });
});
