import fc from "fast-check";
import type { ModelName, Sha256 } from "@fedge/protocol";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import type { EvaluationRecord } from "../../store/port.js";
import { compareEvaluated, type Evaluated } from "./compare-versions.js";
import { twoSidedNormal } from "@fedge/protocol/drift";
import { accuracyDifference, meanDifference, unpairedDifference, type Difference } from "./paired.js";

const numbers = z.array(z.number());
const fixtureSchema = z.object({
  mcnemar: z.array(
    z.object({ onlyA: z.number(), onlyB: z.number(), numExamples: z.number(), expected: numbers }),
  ),
  losses: z.array(z.object({ a: numbers, b: numbers, expected: numbers })),
  proportions: z.array(z.object({ counts: numbers, expected: numbers })),
  normal: z.array(z.tuple([z.number(), z.number()])),
});
const path = new URL("./scipy-fixture.json", import.meta.url);
const scipy = z.parse(fixtureSchema, JSON.parse(readFileSync(path, "utf8")));

function expectSame({ difference, low, high, pValue }: Difference, expected: readonly number[]): void {
  [difference, low, high, pValue].forEach((value, i) => {
    expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThanOrEqual(
      1e-9 * Math.abs(expected[i] ?? 0) + 1e-11,
    );
  });
}

describe("SciPy (scipy-fixture.py) gives the same", () => {
  test.each(scipy.mcnemar)(
    "for $onlyA against $onlyB discordant of $numExamples",
    ({ expected, ...counts }) => {
      expectSame(accuracyDifference(counts), expected);
    },
  );

  test.each(scipy.losses)("for the mean of paired differences of losses", ({ a, b, expected }) => {
    expectSame(meanDifference(Float32Array.from(a), Float32Array.from(b)), expected);
  });

  test.each(scipy.proportions)("for two proportions $counts", ({ counts, expected }) => {
    const [kA = 0, nA = 0, kB = 0, nB = 0] = counts;
    const a = { numCorrect: kA, numExamples: nA };
    expectSame(unpairedDifference(a, { numCorrect: kB, numExamples: nB }), expected);
  });

  test.each(scipy.normal)("for both tails of the normal beyond %d", (beyond, expected) => {
    expect(Math.abs(twoSidedNormal(beyond) / expected - 1)).toBeLessThan(1e-12);
  });
});

describe("two versions", () => {
  const SHA = "ab".repeat(32) as Sha256;

  function evaluated(correct: readonly number[] | null, change: Partial<EvaluationRecord> = {}): Evaluated {
    const numExamples = correct?.length ?? 100;
    const numCorrect = correct?.reduce((sum, bit) => sum + bit, 0) ?? 0;
    const evaluation: EvaluationRecord = {
      model: "digits" as ModelName,
      version: 1,
      dataSet: "held-out",
      segment: "",
      numExamples,
      accuracy: numCorrect / numExamples,
      loss: 1,
      results: null,
      evaluatedAtMs: 0,
      ...change,
    };
    const losses = new Float32Array(numExamples).fill(1);
    const results = { dataSha256: SHA, losses, correct: correct === null ? null : Uint8Array.from(correct) };
    return { evaluation, results };
  }
  const right = (numRight: number, numExamples = 100): number[] =>
    Array.from({ length: numExamples }, (_none, i) => (i < numRight ? 1 : 0));

  test("are told apart when 30 examples changed for the better and none for the worse", () => {
    expect(compareEvaluated(evaluated(right(60)), evaluated(right(90))).verdict).toBe("better");
  });

  test("are told apart the other way round as worse", () => {
    expect(compareEvaluated(evaluated(right(90)), evaluated(right(60))).verdict).toBe("worse");
  });

  test("that differ in 5 examples, all for the better, are not told apart: p = 2 / 2^5", () => {
    const { verdict, accuracy } = compareEvaluated(evaluated(right(60)), evaluated(right(65)));

    expect([verdict, accuracy?.pValue]).toEqual(["no difference shown", 0.0625]);
  });

  test("are not compared on fewer than 30 examples", () => {
    expect(compareEvaluated(evaluated(right(1, 29)), evaluated(right(29, 29))).verdict).toBe(
      "not comparable",
    );
  });

  test("are not compared when the data set changed between them", () => {
    const changed = evaluated(right(90));
    const other = {
      ...changed,
      results: { ...changed.results, dataSha256: "cd".repeat(32) as Sha256 },
    } as Evaluated;

    expect(compareEvaluated(evaluated(right(60)), other)).toMatchObject({
      verdict: "not comparable",
      reason: expect.stringContaining("changed") as unknown,
    });
  });

  test("are not compared by losses that are no numbers", () => {
    const broken = evaluated(right(90));
    broken.results?.losses.fill(NaN, 0, 1);

    expect(compareEvaluated(evaluated(right(60)), broken).verdict).toBe("not comparable");
  });

  test("of which only counts are known are compared as two proportions", () => {
    const counts = (accuracy: number): Evaluated => ({
      ...evaluated(null, { accuracy, numExamples: 1000 }),
      results: null,
    });

    const { verdict, accuracy, loss } = compareEvaluated(counts(0.8), counts(0.9));

    expect([verdict, accuracy?.method, loss]).toEqual(["better", "two-proportions", null]);
  });

  test("are judged by loss where nothing is classified, and less is better", () => {
    const [one, other] = [evaluated(null, { accuracy: null }), evaluated(null, { accuracy: null })];
    other.results?.losses.fill(0.5);

    expect(compareEvaluated(one, other)).toMatchObject({ verdict: "better", accuracy: null });
  });

  test("never come out better both ways", () => {
    const bits = fc.array(fc.constantFrom(0, 1), { minLength: 40, maxLength: 120 });
    fc.assert(
      fc.property(bits, bits, (one, other) => {
        const length = Math.min(one.length, other.length);
        const [a, b] = [evaluated(one.slice(0, length)), evaluated(other.slice(0, length))];
        const opposite = { better: "worse", worse: "better" } as Record<string, string>;
        const forwards = compareEvaluated(a, b).verdict;
        expect(compareEvaluated(b, a).verdict).toBe(opposite[forwards] ?? forwards);
      }),
    );
  });
});
