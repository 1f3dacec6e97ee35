import { describe, expect, test } from "vitest";
import { testDrift } from "./index.js";

const upTo = (length: number): number[] => Array.from({ length }, (_, at) => at);
const offBy = (actual: unknown, expected: number): number => Math.abs(Number(actual) - expected) / expected;

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
