import { describe, expect, test } from "vitest";
import { sampleRolloutConfig } from "../http/testing/sample-rollouts.js";
import { comparisonText, planLines, waveText } from "./plan-text.js";
import type { RolloutConfig } from "./rollout-config.js";

const comparison = {
  metric: "proxy:accepted",
  horizonMs: 7 * 86_400_000,
  minDetectableEffect: 0.1,
  alpha: 0.05,
  power: 0.8,
};

function lines(change: Partial<RolloutConfig> = {}): Record<string, string> {
  return Object.fromEntries(planLines(sampleRolloutConfig(change)));
}

describe("a plan in words", () => {
  test("says how a device tries the version and what brings it back", () => {
    const said = lines();

    expect(said["Tried on the device"]).toBe(
      "kept after 100 predictions or 1 h, no word of the server is needed; failed at 1 d",
    );
    expect(said["Goes back by itself"]).toBe(
      "above 5 % errors, above 3 times the latency of the version before, above 537 MB more memory",
    );
    expect(said["Before that"]).toBe("at most 1 d for each step, 3 activations, 3 crashes");
  });

  test("says so when a failed version stays, and when nothing is tried", () => {
    const { install } = sampleRolloutConfig();
    if (install === undefined) throw new Error("the staged template has conditions");
    const { install: _none, ...without } = sampleRolloutConfig();

    expect(lines({ install: { ...install, rollback: "never" } })).toHaveProperty(
      "Said to have failed, but stays",
    );
    expect(planLines(without)).toContainEqual([
      "Tried on the device",
      "kept as soon as it loads and answers",
    ]);
  });

  test.each([
    [
      "roll-back",
      "above 2 % of at least 10 reports devices are brought back in waves of up to 5 %; larger waves pause",
    ],
    ["pause", "above 2 % of at least 10 reports it pauses"],
    [undefined, "above 2 % of at least 10 reports it pauses"],
  ] as const)("failed installations lead to %s", (onErrors, text) => {
    const { gates } = sampleRolloutConfig();
    const { onErrors: _said, ...install } = gates.install;

    const given = onErrors === undefined ? install : { ...install, onErrors };

    const config = { ...sampleRolloutConfig(), gates: { ...gates, install: given } };

    expect(Object.fromEntries(planLines(config))["Failed installations"]).toBe(text);
  });

  test("says why a device is in a wave", () => {
    expect(waveText({ name: "a", percent: 5, soakMs: 5_400_000, filter: "tag == x", isManual: true })).toBe(
      "5 % of tag == x by hash, soaks 1 h 30 min, then a person promotes it",
    );
  });
});

describe("a comparison in words", () => {
  // From 0.5 to 0.6, two-sided 5 %, power 80 %, by Fleiss' formula 4.14 with scipy's quantiles: 387.34 of each.
  test("states arms, metric, horizon and the sample that its power takes", () => {
    expect(comparisonText(sampleRolloutConfig({ kind: "ab", arms: [6, 7], version: 6, comparison }))).toBe(
      "version 6 against 7 by proxy:accepted, in equal shares, decided after 7 d; a difference of 10 % is found 80 % of the time at a level of 5 % from about 388 observations of each version, fewer of what is rare",
    );
  });

  test("a bandit's shares follow what is counted, a shadow serves nothing, a release compares nothing", () => {
    const bandit = sampleRolloutConfig({ kind: "bandit", arms: [5, 6, 7], version: 5, comparison });

    expect(comparisonText(bandit)).toContain(
      "version 5 against 6, 7 by proxy:accepted, in shares that follow",
    );
    expect(comparisonText(sampleRolloutConfig({ kind: "shadow" }))).toContain("until it is aborted");
    expect(comparisonText(sampleRolloutConfig({ kind: "shadow", comparison }))).toContain("for 7 d");
    expect(comparisonText(sampleRolloutConfig())).toBeNull();
  });
});
