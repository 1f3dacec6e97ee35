import { describe, expect, test } from "vitest";
import type { DeviceComparison } from "../../evaluation/federated/device-comparisons.js";
import type { MetricGate } from "../rollout-config.js";
import { judgeLoss } from "./loss-gate.js";

const GATE: MetricGate = {
  metric: "evaluation-loss",
  tolerance: { absolute: 0.1 },
  minSample: 100,
  alpha: 0.05,
};

/** The old version loses 1 per term; the new one this much more, on ten devices. */
function comparison(difference: number, standardError: number, change: object = {}): DeviceComparison {
  const loss = { difference, standardError, low: difference, high: difference, pValue: 0.5 };
  const version = (number: number, mean: number) => ({
    version: number,
    loss: mean,
    accuracy: null,
    numNotFinite: 0,
  });
  const versions = [version(2, 1 + difference), version(1, 1)];
  const counts = { numDevices: 10, numExamples: 1000, numTerms: 1000, accuracy: null };
  const judged = { verdict: "no difference shown", reason: "by loss" } as const;
  const result = { ...counts, ...judged, versions, loss, ...change };
  return { result, runId: "run" as DeviceComparison["runId"], look: 1 };
}

describe("the gate of the loss on devices", () => {
  test.each([
    // 0.05 + 2.142 * 0.02 is below 0.1, 0.05 + 2.142 * 0.2 is above.
    ["pass", "lost no more than is borne, beyond chance", comparison(0.05, 0.02)],
    ["inconclusive", "lost no more than is borne, and it may be chance", comparison(0.05, 0.2)],
    // The first look has 6 / pi^2 of 5 %; the t that is beyond it with 9 degrees of freedom is 2.142 (scipy.stats.t.isf).
    ["fail", "lost more than is borne beyond chance", comparison(0.6, 0.2)],
    ["inconclusive", "lost more than is borne, and it may be chance", comparison(0.5, 0.2)],
    ["inconclusive", "was measured on too little", comparison(0.6, 0.01, { numTerms: 99 })],
  ] as const)("is %s for a version that %s", (verdict, _what, found) => {
    expect(judgeLoss(GATE, found, 0).verdict).toBe(verdict);
  });

  test("fails for a version without numbers, whatever else is known", () => {
    const versions = [
      { version: 2, loss: null, accuracy: null, numNotFinite: 3 },
      { version: 1, loss: 1, accuracy: null, numNotFinite: 0 },
    ];
    const broken = comparison(0, 0, { versions, loss: null, verdict: "worse", reason: "no finite number" });

    expect(judgeLoss(GATE, broken, 0)).toMatchObject({ verdict: "fail", reason: "no finite number" });
  });
});
