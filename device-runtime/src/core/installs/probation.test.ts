import type { ProbationPolicy } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { judgeProbation, type ProbationFacts } from "./probation.js";

const policy: ProbationPolicy = {
  minPredictions: 100,
  minDurationMs: 60_000,
  deadlineMs: 600_000,
  maxErrorRate: 0.05,
  maxLatencyRatio: 2,
  maxMemoryGrowthBytes: 1000,
  allowsOffline: false,
};

const facts: ProbationFacts = {
  nowMs: 10_000,
  activatedAtMs: 0,
  isOverdue: false,
  numPredictions: 10,
  numErrors: 0,
  p95Us: null,
  fastestUs: null,
  p95UsBefore: null,
  memoryGrowthBytes: null,
  hasHeardServer: true,
};

const verdictOf = (
  changes: Partial<ProbationFacts>,
  policyChanges: Partial<ProbationPolicy> = {},
): string => {
  const verdict = judgeProbation({ ...policy, ...policyChanges }, { ...facts, ...changes });
  return typeof verdict === "string" ? verdict : verdict.code;
};

describe("a probation", () => {
  test.each<[string, Partial<ProbationFacts>, string]>([
    [
      "is open after too few predictions and too little time",
      { numPredictions: 99, nowMs: 59_999 },
      "pending",
    ],
    ["is passed by its predictions", { numPredictions: 100 }, "passed"],
    ["is passed by its time", { numPredictions: 0, nowMs: 60_000 }, "passed"],
    ["is open until the server was heard", { numPredictions: 100, hasHeardServer: false }, "pending"],
    [
      "has failed at its deadline without the server",
      { numPredictions: 100, hasHeardServer: false, isOverdue: true },
      "PROBATION_FAILED",
    ],
    ["has failed at its deadline with too few predictions", { isOverdue: true }, "PROBATION_FAILED"],
    // Five of a hundred may fail: the sixth decides, whatever the other ninety do.
    ["is open with as many errors as a hundred predictions may have", { numErrors: 5 }, "pending"],
    ["has failed with one error more", { numErrors: 6 }, "PROBATION_FAILED"],
    ["is passed at its error rate", { numPredictions: 200, numErrors: 10 }, "passed"],
    ["has failed above its error rate", { numPredictions: 200, numErrors: 11 }, "PROBATION_FAILED"],
    ["is open at twice the time of the version before", { p95Us: 200, p95UsBefore: 100 }, "pending"],
    ["has failed when it is slower than that", { p95Us: 201, p95UsBefore: 100 }, "PROBATION_FAILED"],
    // Too few for a percentile, and even the fastest of them is too slow.
    [
      "is open when the fastest of a few took twice that time",
      { fastestUs: 200, p95UsBefore: 100 },
      "pending",
    ],
    ["has failed when it took longer", { fastestUs: 201, p95UsBefore: 100 }, "PROBATION_FAILED"],
    [
      "has failed so although its time is up",
      { fastestUs: 201, p95UsBefore: 100, nowMs: 60_000 },
      "PROBATION_FAILED",
    ],
    [
      "is judged by the percentile where there is one",
      { p95Us: 200, fastestUs: 201, p95UsBefore: 100 },
      "pending",
    ],
    ["says nothing of latency without the version before", { p95Us: 9e9, p95UsBefore: null }, "pending"],
    ["is open when memory grows as much as it may", { memoryGrowthBytes: 1000 }, "pending"],
    ["has failed when memory grows more", { memoryGrowthBytes: 1001 }, "PROBATION_FAILED"],
  ])("%s", (_, changes, verdict) => {
    expect(verdictOf(changes)).toBe(verdict);
  });

  test("without requirements is passed at once, out of touch", () => {
    const none = { minPredictions: 0, minDurationMs: 0, allowsOffline: true };
    expect(verdictOf({ numPredictions: 0, nowMs: 0, hasHeardServer: false }, none)).toBe("passed");
  });
});
