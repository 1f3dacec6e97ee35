import { describe, expect, test } from "vitest";
import { installValue } from "./install-value.js";

describe("install conditions", () => {
  test.each([
    ["none", "none"],
    [
      "predictions=50,time=10m, deadline=1h",
      { probation: { minPredictions: 50, minDurationMs: 600_000, deadlineMs: 3_600_000 } },
    ],
    ["errors=5%,latency=2.5", { probation: { maxErrorRate: 0.05, maxLatencyRatio: 2.5 } }],
    ["errors=0.2,offline=no", { probation: { maxErrorRate: 0.2, allowsOffline: false } }],
    ["memory=512MB", { probation: { maxMemoryGrowthBytes: 512_000_000 } }],
    ["memory=none", { probation: { maxMemoryGrowthBytes: null } }],
    [
      "state-deadline=1d,activations=2,crashes=1,rollback=never",
      { stateDeadlineMs: 86_400_000, maxActivations: 2, maxCrashes: 1, rollback: "never" },
    ],
  ])("%s", (text, value) => {
    expect(installValue(text, undefined)).toEqual(value);
  });

  test("given twice, the later says what both say, and the rest stays", () => {
    const first = installValue("predictions=50,time=10m", undefined);

    expect(installValue("time=1m,crashes=1", first)).toEqual({
      maxCrashes: 1,
      probation: { minPredictions: 50, minDurationMs: 60_000 },
    });
    expect(installValue("crashes=1", "none")).toEqual({ maxCrashes: 1 });
  });

  test.each([
    ["", /the names are predictions, time/],
    ["speed=3", /the names are predictions, time/],
    ["toString=3", /the names are predictions, time/],
    ["predictions", /NAME=VALUE/],
    ["predictions=1=2", /NAME=VALUE/],
    ["predictions=many", /predictions: It takes a whole number/],
    ["time=10", /time: It takes a duration with its unit/],
    ["errors=101%", /errors: It takes a number of at least 0 and at most 100/],
    ["latency=0", /latency: It takes a number above 0/],
    ["memory=512", /memory: It takes a size with its unit/],
    ["offline=maybe", /offline: It takes yes or no/],
    ["rollback=later", /rollback: It takes automatic or never/],
  ])("%j is refused with what it takes", (text, sentence) => {
    expect(() => installValue(text, undefined)).toThrow(sentence);
  });
});
