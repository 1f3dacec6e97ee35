import type { DeviceId, Evaluated } from "@fedge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cohortResult, ratioDifference, type Answers } from "./cohort-result.js";
import { studentTail, studentTailQuantile } from "@fedge/protocol/drift";

interface Sums {
  readonly numTerms?: number;
  readonly candidate: number | null;
  readonly champion: number | null;
  readonly correct?: readonly [number, number] | null;
}

const PAIR = { version: 2, against: 1 };

function answersOf(...devices: readonly Sums[]): Answers {
  return devices.map(({ numTerms = 10, candidate, champion, correct = null }, at) => [
    `device-${at}` as DeviceId,
    {
      ...{ type: "evaluated", runId: "run", attempt: 1, numExamples: numTerms, numTerms },
      results: [
        { version: 2, numCorrect: correct?.[0] ?? null, lossSum: candidate },
        { version: 1, numCorrect: correct?.[1] ?? null, lossSum: champion },
      ],
    } as unknown as Evaluated,
  ]);
}

describe("the difference over devices", () => {
  test("of changes -10, -20, -30 over 10 terms each is -2, with standard error 1/sqrt(3)", () => {
    // Per device -1, -2, -3: mean -2, standard deviation 1.
    const found = ratioDifference([-10, -20, -30].map((change) => ({ change, numTerms: 10 })));

    expect(found?.difference).toBe(-2);
    expect(found?.standardError).toBeCloseTo(1 / Math.sqrt(3), 12);
    // t = 2 sqrt(3) with 2 degrees of freedom: (1 - t / sqrt(t^2 + 2)) / 2.
    expect(found?.pValue).toBeCloseTo((1 - Math.sqrt(12 / 14)) / 2, 12);
  });

  test("weighs devices by their terms: -10 over 10 and 30 over 30 is 0.5", () => {
    const found = ratioDifference([
      { change: -10, numTerms: 10 },
      { change: 30, numTerms: 30 },
    ]);

    expect(found?.difference).toBe(0.5);
    // Residuals -15 and 15: sqrt(2 (225 + 225)) / 40.
    expect(found?.standardError).toBeCloseTo(30 / 40, 12);
  });

  test("of one device is not known", () => {
    expect(ratioDifference([{ change: -10, numTerms: 10 }])).toBeNull();
  });

  test("of devices that agree to the last bit is beyond doubt, or none", () => {
    expect(ratioDifference([-1, -1].map((change) => ({ change, numTerms: 1 })))?.pValue).toBe(0);
    expect(ratioDifference([0, 0].map((change) => ({ change, numTerms: 1 })))?.pValue).toBe(1);
  });
});

describe("Student's t is that of its tables", () => {
  test.each([
    [0.05, 1, 6.314],
    [0.05, 2, 2.92],
    [0.05, 4, 2.132],
    [0.025, 5, 2.571],
    [0.01, 10, 2.764],
    [0.025, 30, 2.042],
    [0.05, 99, 1.66],
  ])("beyond which a share of %d lies, with %i degrees of freedom", (tail, freedom, expected) => {
    expect(studentTailQuantile(tail, freedom)).toBeCloseTo(expected, 2);
    expect(studentTail(-expected, freedom)).toBeCloseTo(1 - tail, 3);
  });
});

describe("two versions on devices", () => {
  test("are told apart when every device finds the new one better", () => {
    const found = cohortResult(
      answersOf(
        { candidate: 8, champion: 10 },
        { candidate: 7, champion: 10 },
        { candidate: 8, champion: 11 },
      ),
      PAIR,
    );

    expect(found).toMatchObject({ verdict: "better", numDevices: 3, numTerms: 30 });
    expect(found.versions.map(({ loss }) => loss)).toEqual([23 / 30, 31 / 30]);
  });

  test("are told apart as worse the other way round", () => {
    const worse = answersOf(
      { candidate: 10, champion: 8 },
      { candidate: 10, champion: 7 },
      { candidate: 11, champion: 8 },
    );

    expect(cohortResult(worse, PAIR).verdict).toBe("worse");
  });

  test("are not told apart when devices disagree, however many examples they have", () => {
    const divided = answersOf(
      { numTerms: 100_000, candidate: 90_000, champion: 100_000 },
      { numTerms: 100_000, candidate: 100_000, champion: 90_000 },
      { numTerms: 100_000, candidate: 80_000, champion: 100_000 },
    );

    expect(cohortResult(divided, PAIR).verdict).toBe("no difference shown");
  });

  test("have an accuracy and its difference beside the loss", () => {
    const found = cohortResult(
      answersOf(
        { candidate: 1, champion: 2, correct: [9, 7] },
        { candidate: 1, champion: 2, correct: [8, 6] },
      ),
      PAIR,
    );

    expect(found.versions.map(({ accuracy }) => accuracy)).toEqual([0.85, 0.65]);
    expect(found.accuracy?.difference).toBeCloseTo(0.2, 12);
  });

  test("are worse when two devices get no number of the new one", () => {
    const broken = answersOf(
      { candidate: null, champion: 10 },
      { candidate: null, champion: 10 },
      { candidate: 1, champion: 10 },
      { candidate: 1, champion: 11 },
    );

    expect(cohortResult(broken, PAIR)).toMatchObject({ verdict: "worse" });
  });

  test("are never better when one device gets no number of the new one", () => {
    const broken = answersOf(
      { candidate: null, champion: 10 },
      { candidate: 1, champion: 10 },
      { candidate: 1, champion: 11 },
      { candidate: 1, champion: 12 },
    );

    expect(cohortResult(broken, PAIR).verdict).toBe("no difference shown");
  });

  test("give the same bits in whatever order the answers come", () => {
    const finite = fc.double({ min: 0, max: 1e6, noNaN: true });
    const device = fc.record({
      numTerms: fc.integer({ min: 1, max: 1000 }),
      candidate: finite,
      champion: finite,
    });
    const some = fc.array(device, { minLength: 2, maxLength: 12 }).map((devices) => answersOf(...devices));
    const shuffledToo = some.chain((answers) =>
      fc.tuple(
        fc.constant(answers),
        fc.shuffledSubarray([...answers], { minLength: answers.length, maxLength: answers.length }),
      ),
    );
    fc.assert(
      fc.property(shuffledToo, ([answers, shuffled]) => {
        expect(cohortResult(shuffled, PAIR)).toEqual(cohortResult(answers, PAIR));
      }),
    );
  });
});
