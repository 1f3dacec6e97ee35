import { describe, expect, test } from "vitest";
import type { WholeRelease } from "../drift-store.js";
import { sampleMonitored } from "../testing/sample-profile.js";
import type { MeasuredFeature } from "../statistics/feature-statistics.js";
import { judgeWindow } from "../verdicts/window-rule.js";
import { evidenceOf } from "./release-evidence.js";

/** Of a fleet half the profile's: 0.05 for both distances, 0.125 for the mean. */
const monitored = sampleMonitored();

const estimate = (value: number, error = 0) => ({ value, expected: 0, error });

/** `age` with these effects, and `height` as the reference has it; in the second window running, with intervals of two errors. */
function evidence(effects: Partial<MeasuredFeature>) {
  const quiet = {
    ...{
      numRows: 5000,
      isWithheld: false,
      psi: estimate(0),
      jensenShannon: estimate(0),
      meanShift: null,
      errors: {},
    },
    ...{ broken: estimate(0), missing: estimate(0), logP: { cells: 0, mean: null } },
  };
  const age = { ...quiet, name: "age", logP: { cells: -50, mean: null }, ...effects };
  const measured = [{ cohort: "", t: 2, features: [age, { ...quiet, name: "height" }] }];
  const { features } = monitored.profile;
  const { views } = judgeWindow(measured, { features, minRows: 100, exceededBefore: () => true });
  const shown = {
    ...{ window: 10, numDevices: 100, numRows: 5000, numGroups: 10, t: 2, outcomeErrors: {} },
    cells: new Array<number>(monitored.layout.numCells).fill(0),
  };
  const whole = {
    release: { driftedShare: 0.1, numDevices: 100, numRows: 5000, version: 3, releasedAtMs: 0 },
    views: views.map((view) => ({ ...shown, ...view })),
  } as unknown as WholeRelease;
  const scene = { whole, monitored, before: [], recent: [], isMarked: () => false };
  const limits = { openLimit: () => null, acceptedFrom: () => 0 };
  return evidenceOf({
    ...scene,
    ...limits,
    numDevicesBefore: null,
    ...{ numDevicesNow: 100, numDevicesElsewhere: 0 },
    staleAfterMs: null,
  });
}

describe("the evidence of a drift", () => {
  test("has words and numbers of one effect: the one that is above its floor most times over", () => {
    // PSI is at least 0.12 - 2 * 0.02, 1.6 times its floor; the distance 0.2, the root of 0.04, four times its.
    expect(evidence({ psi: estimate(0.12, 0.02), jensenShannon: estimate(0.04) })).toMatchObject([
      {
        ...{ kind: "drift", method: "jensen-shannon", score: 0.2, lower: 0.2, limit: 0.05 },
        text: "age: the Jensen-Shannon distance is at least 0.200, above its floor of 0.05",
      },
    ]);
  });

  test("is of the mean where that alone is above its floor for certain", () => {
    const effects = { psi: estimate(0.2, 0.1), meanShift: estimate(-0.5, 0.1) };

    expect(evidence(effects)).toMatchObject([
      {
        ...{ method: "mean-shift", score: 0.5, limit: 0.125 },
        text: "age: the shift of the mean in standard deviations is at least 0.300, above its floor of 0.125",
      },
    ]);
  });

  test("is of broken rows where they are broken, whatever else changed", () => {
    expect(evidence({ psi: estimate(9), broken: estimate(0.3, 0.01) })).toMatchObject([
      { kind: "data-broken", severity: "critical", method: "broken-share", score: 0.3 },
    ]);
  });
});
