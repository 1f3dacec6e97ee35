import type { EvaluationRunId, ModelName } from "@fedge/protocol";
import { expect, test } from "vitest";
import { ManualClock } from "../../clock/manual-clock.js";
import { DeviceComparisons } from "./device-comparisons.js";
import type { EvaluationRequest, EvaluationRunRecord } from "./run-record.js";

const PAIR = { model: "digits" as ModelName, version: 2, against: 1, filter: null };
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Runs that end when the test says so, with what devices said instead of numbers. */
function runsWithout(outcome: Pick<EvaluationRunRecord, "reason" | "declined" | "numLost">) {
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const record = (request: EvaluationRequest): EvaluationRunRecord => ({
    ...{ runId: `run-${request.version}` as EvaluationRunId, request, actor: "system", state: "finished" },
    ...{ startedAtMs: 0, endedAtMs: 1, numAsked: 9, numAnswered: 0, result: null, segments: [] },
    ...outcome,
  });
  let latest: EvaluationRunRecord | null = null;
  const evaluations = {
    start: async (request: EvaluationRequest) => {
      started.push(request.version);
      return (latest = record(request));
    },
    ended: async () => {
      const run = latest!;
      await new Promise<void>((resolve) => ends.push(resolve));
      return run;
    },
  };
  const comparisons = new DeviceComparisons({ evaluations, clock: new ManualClock(), logger });
  return { comparisons, started, endOne: () => ends.shift()?.() };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("devices, which measure one pair at a time, are asked for the next when the one before has ended", async () => {
  const { comparisons, started, endOne } = runsWithout({ reason: "none", declined: {}, numLost: 0 });
  const both = [comparisons.compare(PAIR), comparisons.compare({ ...PAIR, version: 3 })];
  await settle();
  expect(started).toEqual([2]);

  endOne();
  await settle();
  expect(started).toEqual([2, 3]);

  endOne();
  await Promise.all(both);
});

test("a run without a result says what devices said instead", async () => {
  const outcome = { reason: "0 devices answered", declined: { failed: 7, "not-allowed": 1 }, numLost: 1 };
  const { comparisons, endOne } = runsWithout(outcome);
  const found = comparisons.compare(PAIR);
  await settle();
  endOne();

  expect(await found).toEqual({
    result: null,
    reason: "0 devices answered; 7 failed; 1 not-allowed; 1 lost (evaluation run-2)",
  });
});
