import { createRandom, type DeviceId, type ServingMetrics } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { armOf } from "../arms.js";
import type { ShadowedVersion } from "../../drift/outcomes/shadow-evidence.js";
import type { ShadowLabels } from "../../drift/outcomes/shadow-labels.js";
import type { MetricsBook } from "../../fleet/metrics-book.js";
import type { Comparison } from "../ports.js";
import { MachineDriver, START_MS, devicesOf, sampleConfig } from "../testing/sample-rollout.js";
import { Comparisons } from "./comparisons.js";
import { betaDraw, thompsonShares } from "./thompson.js";
import { compareProportions, requiredSample } from "./two-proportions.js";

const cohort = (hits: number, trials: number) => ({
  numDevices: trials,
  numTrials: trials,
  rate: hits / trials,
  designEffect: 1,
});

describe("A/B", () => {
  test("needs 3,841 of each for 10 against 12 % at 5 % and 80 % (R: power.prop.test gives 3840.85)", () => {
    expect(requiredSample({ rate: 0.1, effect: 0.02, alpha: 0.05, power: 0.8, designEffect: 1 })).toBe(3841);
  });

  test("of 48/80 and 56/70 has a pooled z of 2.650, and p of 0.0080", () => {
    const found = compareProportions(cohort(48, 80), cohort(56, 70));

    // pooled 104/150; error sqrt(0.6933 * 0.3067 * (1/80 + 1/70)) = 0.07546; z = 0.2 / 0.07546 = 2.650; p = 0.00804.
    expect(found?.difference).toBeCloseTo(0.2, 9);
    expect(found?.pValue).toBeCloseTo(0.00804, 4);
  });
});

describe("bandit", () => {
  test("a Beta draw has the mean a / (a + b)", () => {
    const random = createRandom("beta");
    let sum = 0;
    for (let draw = 0; draw < 20_000; draw += 1) sum += betaDraw(3, 7, random);

    // Standard error sqrt(0.3 * 0.7 / 11 / 20000) = 0.00098.
    expect(Math.abs(sum / 20_000 - 0.3)).toBeLessThan(0.003);
  });

  test("the better arm gets the larger share, and none less than the least", () => {
    const arms = [
      { successes: 500, failures: 500 },
      { successes: 600, failures: 400 },
    ];
    const [one = 0, other = 0] = thompsonShares(arms, createRandom("1"), 0.05);

    expect(other).toBeGreaterThan(0.9);
    expect(one).toBeGreaterThanOrEqual(0.05);
    expect(one + other).toBeCloseTo(1, 9);
  });

  test("other shares move only devices between the old and the new edge", () => {
    const devices = Array.from({ length: 5000 }, (_, at) => `device-${at}` as DeviceId);
    const moved = devices.filter((id) => armOf("r", id, [0.5, 0.5]) !== armOf("r", id, [0.6, 0.4]));

    expect(Math.abs(moved.length - 500)).toBeLessThanOrEqual(3 * Math.sqrt(5000 * 0.1 * 0.9));
    for (const id of moved) expect(armOf("r", id, [0.5, 0.5])).toBe(1);
  });
});

describe("a comparison", () => {
  const DEVICES = devicesOf(40);
  const HORIZON_MS = 60_000;
  const plan = {
    metric: "error-rate",
    horizonMs: HORIZON_MS,
    minDetectableEffect: 0.1,
    alpha: 0.05,
    power: 0.8,
  };
  const waves = [{ name: "all", percent: 100, soakMs: 0 }];

  function drive(kind: "ab" | "bandit"): MachineDriver {
    const arms = [2, 3];
    const config = sampleConfig({ kind, arms, version: 2, comparison: plan, waves });
    const driver = new MachineDriver(config).started(DEVICES);
    driver.reports(DEVICES, "committed");
    return driver;
  }

  /** Devices of version 2 fail two of ten, those of version 3 one of ten: alike on each device. */
  function book(driver: MachineDriver): Pick<MetricsBook, "of"> {
    return {
      of: async (model, version) => {
        const metrics: ServingMetrics = {
          ...{
            type: "serving-metrics",
            model,
            version,
            releaseCounter: 1,
            installation: 1,
            numPredictions: 100,
          },
          ...{
            numErrors: version === 2 ? 20 : 10,
            numCrashes: 0,
            numFallbacks: 0,
            latency: [],
            numLabelled: 0,
          },
          ...{ numWrong: 0, proxies: {}, numWindows: 0, numDriftWindows: 0 },
        };
        return new Map(
          [...driver.state.targets.entries()]
            .filter(([, target]) => target.version === version)
            .map(([deviceId]) => [deviceId, { deviceId, metrics, receivedAtMs: START_MS + 1 }] as const),
        );
      },
    };
  }

  async function compareAt(driver: MachineDriver, atMs: number): Promise<void> {
    driver.nowMs = atMs;
    const options = { book: book(driver), shadowLabels: async () => null, nowMs: () => atMs };
    const found = await new Comparisons(options).compare(driver.state);
    if (found !== null) driver.step({ type: "compared", atMs, ...found });
  }

  test("of two arms gives each device one of them, and decides at the horizon and not before", async () => {
    const driver = drive("ab");
    const versions = new Set([...driver.state.targets.entries()].map(([, { version }]) => version));
    expect(versions).toEqual(new Set([2, 3]));

    await compareAt(driver, START_MS + HORIZON_MS - 1);
    expect(driver.state).toMatchObject({
      phase: "running",
      comparison: { verdict: "undecided before its horizon" },
    });
    await compareAt(driver, START_MS + HORIZON_MS);

    expect(driver.state.phase).toBe("completed");
    expect(driver.state.comparison?.verdict).toMatch(/^version 3 is better, p = /);
    expect(driver.state.isPromoted).toBe(false);
  });

  test("of a bandit moves devices to the better arm by new releases, and no device's counter falls", async () => {
    const driver = drive("bandit");
    const before = new Map(
      [...driver.state.targets.entries()].map(([id, target]) => [id, target.releaseCounter ?? 0]),
    );

    await compareAt(driver, START_MS + HORIZON_MS / 10);
    driver.tick();

    expect(driver.state.shares[1]).toBeGreaterThan(0.9);
    const moved = driver.take("tell").slice(DEVICES.length);
    expect(moved.length).toBeGreaterThan(5);
    for (const deviceId of moved) {
      const target = driver.state.targets.get(deviceId);
      expect(target).toMatchObject({ version: 3, attempt: 2 });
      expect(target?.releaseCounter).toBeGreaterThan(before.get(deviceId) ?? 0);
    }
  });
});

describe("a shadow", () => {
  const DEVICES = devicesOf(2);
  const HORIZON_MS = 60_000;
  const comparison = {
    ...{ metric: "agreement", horizonMs: HORIZON_MS, minDetectableEffect: 0.1, alpha: 0.05, power: 0.8 },
  };
  const config = sampleConfig({
    ...{ kind: "shadow", version: 2, comparison, waves: [{ name: "all", percent: 100, soakMs: 0 }] },
  });
  /** Each device compared 50 requests, 45 of them alike, and its shadow failed at one. */
  const metrics = { shadow: { version: 2, numCompared: 50, numAgreed: 45, numErrors: 1 } } as ServingMetrics;
  const book: Pick<MetricsBook, "of"> = {
    of: async () =>
      new Map(
        DEVICES.map((deviceId) => [deviceId, { deviceId, metrics, receivedAtMs: START_MS + 1 }] as const),
      ),
  };
  const labels: ShadowLabels = {
    ...{ bothRight: 60, onlyServed: 10, onlyShadow: 20, bothWrong: 10 },
    ...{ difference: 0.1, interval: [0.02, 0.18], pValue: 0.02 },
  };
  const asked: ShadowedVersion[] = [];

  async function compareAt(atMs: number, found: ShadowLabels | null): Promise<Comparison | null> {
    const { state } = new MachineDriver(config).started(DEVICES);
    const shadowLabels = async (of: ShadowedVersion): Promise<ShadowLabels | null> => {
      asked.push(of);
      return found;
    };
    return new Comparisons({ book, shadowLabels, nowMs: () => atMs }).compare(state);
  }

  test("without labels says how often both answered alike", async () => {
    const found = await compareAt(START_MS + 2, null);

    expect(found?.comparison).toMatchObject({
      metric: "agreement",
      arms: [{ version: 2, sample: 100, value: 0.9 }],
      verdict: "100 requests compared on 2 devices, 2 errors of the shadow",
    });
  });

  test("with labels compares both versions' accuracy, since the rollout began, and decides nothing on the way", async () => {
    const found = await compareAt(START_MS + 2, labels);

    expect(asked.at(-1)).toEqual({ model: config.model, version: 1, sinceMs: START_MS });
    expect(found).toMatchObject({ isDecided: false });
    expect(found?.comparison).toMatchObject({
      metric: "accuracy",
      arms: [
        { version: 1, sample: 100, value: 0.7 },
        { version: 2, sample: 100, value: 0.8 },
      ],
      ...{ difference: 0.1, interval: [0.02, 0.18], pValue: 0.02 },
    });
    expect(found?.comparison.verdict).toMatch(
      /devices, 2 errors of the shadow, 90 % alike; of 100 with a label both had 60 right, version 1 alone 10, version 2 alone 20, neither 10$/,
    );
  });

  test.each<[string, ShadowLabels | null, RegExp]>([
    ["which version is right more often", labels, /: version 2 is right more often, p = 0\.020$/],
    [
      "that the one in use is",
      { ...labels, difference: -0.1, interval: [-0.18, -0.02] },
      /: version 1 is right more often, p = 0\.020$/,
    ],
    ["that chance explains it", { ...labels, pValue: 0.2 }, /: no difference is certain, p = 0\.20 or less$/],
    [
      "that groups are too few",
      { ...labels, interval: null, pValue: null },
      /: inconclusive, too few groups/,
    ],
    ["that nothing was labelled", null, /; no labels are shown that tell who was right$/],
  ])("says at the horizon %s", async (_, found, verdict) => {
    const decided = await compareAt(START_MS + HORIZON_MS, found);

    expect(decided).toMatchObject({ isDecided: true });
    expect(decided?.comparison.verdict).toMatch(verdict);
  });
});
