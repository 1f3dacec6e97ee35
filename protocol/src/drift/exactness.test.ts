import { describe, expect, test } from "vitest";
import { logKolmogorovFiniteTail, testDrift, twoProportions } from "./index.js";
import { linesOf, numberOf, sampleOf, type CaseLine, type FunctionLine } from "./testing/reference-lines.js";

const upTo = (length: number): number[] => Array.from({ length }, (_, at) => at);
const LINES = linesOf("counts.jsonl");
const FUNCTIONS = LINES.filter((line): line is FunctionLine => "function" in line);
const linesAbout = (name: string): FunctionLine[] => FUNCTIONS.filter((line) => line.function === name);
const CASES = LINES.filter((line): line is CaseLine => "method" in line);
const offBy = (actual: unknown, expected: number): number =>
  Math.abs(Number(actual) - expected) / Math.max(Math.abs(expected), 1e-300);

describe("shares of whole counts keep their digits", () => {
  // Every value of the longer run is at or above its place in the shorter one: the area is the difference of the means.
  test.each([
    [5000, 4999, 0.5],
    [100_000, 99_999, 0.5],
    [100_000, 99_990, 5],
  ])("wasserstein of 0 to %d and 0 to %d (not included) is %d", (n, m, area) => {
    expect(offBy(testDrift("wasserstein", upTo(n), upTo(m)).statistic, area)).toBeLessThan(1e-14);
    expect(offBy(testDrift("wasserstein", upTo(m), upTo(n)).statistic, area)).toBeLessThan(1e-14);
  });

  test("bins of one row each may hide a difference of one row", () => {
    const bins = { edges: upTo(11), counts: upTo(10).map(() => 1) };

    expect(testDrift("ks-binned", bins, bins).details["statisticAtMost"]).toBe(0.1);
  });

  test("ks sees by how few rows counts near 2^52 differ", () => {
    const edges = [0, 1, 2];
    const [a, b, c, d] = [
      1_234_567_890_123_457, 2_222_222_222_222_221, 1_234_567_890_123_461, 2_222_222_222_222_227,
    ];
    const [n, m] = [BigInt(a + b), BigInt(c + d)];
    const exact = Math.abs(Number(BigInt(a) * m - BigInt(c) * n)) / Number(n * m);

    const { statistic } = testDrift("ks", { edges, counts: [a, b] }, { edges, counts: [c, d] });
    expect(offBy(statistic, exact)).toBeLessThan(1e-14);
  });
});

describe("tests of counts keep their digits where counts are large or nearly alike", () => {
  test.each(CASES)("$id", ({ method, reference, current, options, expected }) => {
    const result = testDrift(method, sampleOf(reference), sampleOf(current), options);
    const { statistic, pValue, logPValue, effect, details } = result;
    const said: Readonly<Record<string, unknown>> = {
      ...details,
      statistic,
      pValue,
      logPValue,
      effect: effect?.value,
    };

    for (const [name, value] of Object.entries(expected))
      expect(offBy(said[name], numberOf(value)), `${name} ${String(said[name])}`).toBeLessThan(1e-10);
  });
});

test.each(linesAbout("twoProportions"))("the z of two shares %j keeps its digits", ({ args, expected }) => {
  const [count = 0, total = 0, other = 0, of = 0] = args.map(numberOf);

  expect(
    offBy(twoProportions({ count, total }, { count: other, total: of }).statistic, numberOf(expected)),
  ).toBeLessThan(1e-10);
});

test.each(linesAbout("logKolmogorovFiniteTail"))(
  "the far tail of Kolmogorov-Smirnov for many rows %j keeps its digits",
  ({ args, expected }) => {
    const [n = 0, d = 0] = args.map(numberOf);
    const [actual, exact] = [logKolmogorovFiniteTail(n, d), numberOf(expected)];

    // p to 1e-10 is log p to 1e-10 absolute, while p is a double at all.
    expect(Math.abs(actual - exact) / Math.max(1, Math.abs(exact) / 690), String(actual)).toBeLessThan(1e-10);
  },
);
