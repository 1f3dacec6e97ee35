import { LATENCY_BINS, createRandom, type ServingMetrics } from "@fedge/protocol";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import type { MetricGate } from "../rollout-config.js";
import { cohortRate, differenceInterval } from "./device-rates.js";
import { normalQuantile, normalTail, studentTailQuantile, wilsonBounds } from "@fedge/protocol/drift";
import { p95Us, slowCounts } from "./latency.js";
import { since } from "./metric-counts.js";
import { alphaOfLook, judgeMetric, lookNumber } from "./metric-gate.js";

function metrics(change: Partial<ServingMetrics>): ServingMetrics {
  return {
    ...{ type: "serving-metrics", model: "m" as ServingMetrics["model"], version: 1, releaseCounter: 1 },
    ...{ installation: 1, numPredictions: 0, numErrors: 0, numCrashes: 0, numFallbacks: 0 },
    latency: Array.from({ length: LATENCY_BINS }, () => 0),
    ...{ numLabelled: 0, numWrong: 0, proxies: {}, numWindows: 0, numDriftWindows: 0 },
    ...change,
  };
}

const counts = z.array(z.object({ hits: z.number(), trials: z.number() }));
/** What gate-reference.py writes. */
const reference = z.parse(
  z.object({
    student: z.array(z.object({ tail: z.number(), freedom: z.number(), quantile: z.number() })),
    wilson: z.array(
      z.object({ hits: z.number(), trials: z.number(), z: z.number(), low: z.number(), high: z.number() }),
    ),
    cohorts: z.array(
      z.object({
        ...{ name: z.string(), one: counts, other: counts, quantile: z.number(), rate: z.number() },
        ...{ designEffect: z.number(), low: z.number(), high: z.number() },
      }),
    ),
  }),
  JSON.parse(readFileSync(new URL("./gate-reference.json", import.meta.url), "utf8")),
);

const errors = (numDevices: number, numErrors: number): ServingMetrics[] =>
  Array.from({ length: numDevices }, () => metrics({ numPredictions: 100, numErrors }));

const GATE: MetricGate = { metric: "error-rate", tolerance: { absolute: 0.01 }, minSample: 100, alpha: 0.05 };
const judge = (wave: ServingMetrics[], control: ServingMetrics[], gate = GATE) =>
  judgeMetric(gate, { wave, control, controlNote: "beside it" }, 0);

describe("numbers", () => {
  test("normal quantiles and tails are those of tables", () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963985, 7);
    expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306, 7);
    expect(normalTail(1.959963985)).toBeCloseTo(0.025, 7);
  });

  test.each(reference.student)("Student's quantile beyond $tail with $freedom degrees is scipy's", (each) => {
    expect(studentTailQuantile(each.tail, each.freedom)).toBeCloseTo(each.quantile, 6);
  });

  test.each(reference.wilson)(
    "Wilson's interval of $hits of $trials is scipy's",
    ({ hits, trials, z, low, high }) => {
      const bounds = wilsonBounds(hits / trials, trials, z);

      expect([bounds.low, bounds.high]).toEqual([expect.closeTo(low, 9), expect.closeTo(high, 9)]);
    },
  );

  test.each(reference.cohorts)(
    "rate, design effect and difference of cohorts are those of a program on scipy: $name",
    (each) => {
      const [one, other] = [cohortRate(each.one), cohortRate(each.other)];

      expect(one.rate).toBeCloseTo(each.rate, 12);
      expect(one.designEffect).toBeCloseTo(each.designEffect, 9);
      const [low, high] = differenceInterval(one, other, each.quantile);
      expect([low, high]).toEqual([expect.closeTo(each.low, 9), expect.closeTo(each.high, 9)]);
    },
  );

  test("Wilson's interval of 15 of 148 is Newcombe's 0.0624 to 0.1605 (1998, table I)", () => {
    const { low, high } = wilsonBounds(15 / 148, 148, normalQuantile(0.975));

    expect(low).toBeCloseTo(0.0624, 4);
    expect(high).toBeCloseTo(0.1605, 4);
  });

  test("the interval of 56/70 - 48/80 is Newcombe's 0.0524 to 0.3339 (1998, table II, method 10)", () => {
    const cohort = (hits: number, trials: number) => ({
      numDevices: trials,
      numTrials: trials,
      rate: hits / trials,
      designEffect: 1,
    });
    const [low, high] = differenceInterval(cohort(56, 70), cohort(48, 80), normalQuantile(0.975));

    expect(low).toBeCloseTo(0.0524, 4);
    expect(high).toBeCloseTo(0.3339, 4);
  });

  test("devices that are all of one mind count as one trial each", () => {
    const devices = Array.from({ length: 10 }, (_, at) => ({ hits: at < 5 ? 100 : 0, trials: 100 }));

    // Variance 10/9 * 10 * 50^2 / 1000^2 = 1/36; binomial 0.25 / 1000: 1000/9 times as much.
    expect(cohortRate(devices).designEffect).toBeCloseTo(1000 / 9, 9);
  });

  test("the looks' shares of the significance add up to it", () => {
    let sum = 0;
    for (let look = 1; look <= 100_000; look += 1) sum += alphaOfLook(0.05, look);

    expect(sum).toBeCloseTo(0.05, 5);
    expect([100, 199, 200, 400].map((sample) => lookNumber(100, sample))).toEqual([1, 1, 2, 3]);
  });

  test("the 95th percentile lies where the histogram has it", () => {
    const latency = Array.from({ length: LATENCY_BINS }, () => 0);
    latency[1] = 90;
    latency[2] = 10;

    // Half of the way, by logarithm, from 64 to 128 microseconds.
    expect(p95Us(latency)).toBeCloseTo(64 * Math.SQRT2, 9);
    // And as many as a percentile leaves are slower than it.
    expect(slowCounts(latency, 64 * Math.SQRT2)).toEqual({ hits: expect.closeTo(5, 9), trials: 100 });
  });
});

describe("the verdict", () => {
  test("fails when the wave is worse beyond chance and tolerance, and says by how much", () => {
    const gate = judge(errors(10, 12), errors(100, 2));

    expect(gate).toMatchObject({ verdict: "fail", value: 0.12, control: 0.02, limit: 0.03, sample: 1000 });
    expect(gate.reason).toMatch(
      /^12 % on 10 devices against 2 % on 100 \(beside it\); 3 % is borne; the difference is between \+[\d.]+ % and \+[\d.]+ %, \+1 % is borne: worse beyond chance$/,
    );
  });

  test("passes only when the whole interval is within the tolerance, not for its estimate", () => {
    // 2 % on either side. Ten devices with 1000 predictions leave more than a point open, sixty times as many do not.
    const few = judge(errors(10, 2), errors(100, 2));
    const many = judge(
      Array.from({ length: 600 }, () => metrics({ numPredictions: 100, numErrors: 2 })),
      errors(600, 2),
    );

    expect(few).toMatchObject({ verdict: "inconclusive", value: 0.02, control: 0.02 });
    expect(few.interval?.[1]).toBeGreaterThan(0.01);
    expect(few.reason).toContain("undecided, the limit lies within the interval");
    expect(many.verdict).toBe("pass");
    expect(many.interval?.[1]).toBeLessThan(0.01);
  });

  test("is inconclusive when it is worse and may be so by chance", () => {
    const wave = [...errors(3, 2), metrics({ numPredictions: 100, numErrors: 12 })];

    expect(judge(wave, errors(100, 2)).verdict).toBe("inconclusive");
  });

  test("is inconclusive below the least sample of either side, however bad it looks", () => {
    expect(judge([metrics({ numPredictions: 99, numErrors: 99 })], errors(100, 0))).toMatchObject({
      verdict: "inconclusive",
      reason: "99 of 100 observations of the new version so far",
    });
    expect(judge(errors(10, 99), []).verdict).toBe("inconclusive");
  });

  test("never rests on one device", () => {
    expect(judge([metrics({ numPredictions: 5000, numErrors: 5000 })], errors(100, 0)).verdict).toBe(
      "inconclusive",
    );
  });

  test("of a proxy counts what was not so", () => {
    const accepted = (numTrue: number) => metrics({ proxies: { accepted: { numTrue, numAll: 100 } } });
    const wave = Array.from({ length: 10 }, () => accepted(40));
    const control = Array.from({ length: 50 }, () => accepted(80));

    expect(judge(wave, control, { ...GATE, metric: "proxy:accepted" })).toMatchObject({
      verdict: "fail",
      value: 0.6,
    });
  });

  test("of latency fails at ten times the time", () => {
    const at = (bin: number) => {
      const latency = Array.from({ length: LATENCY_BINS }, (_, each) => (each === bin ? 100 : 0));
      return metrics({ numPredictions: 100, latency });
    };
    const gate = { ...GATE, metric: "latency-p95", tolerance: { relative: 0.5 } };
    const control = Array.from({ length: 20 }, () => at(5));
    const alike = Array.from({ length: 20 }, () => at(5));

    expect(judge([at(9), at(9), at(9), at(8)], control, gate).verdict).toBe("fail");
    expect(judge(alike, control, gate).verdict).toBe("pass");
    // Four devices without a single slow prediction: more than 5 % slow ones are not excluded.
    expect(judge(alike.slice(0, 4), control, gate).verdict).toBe("inconclusive");
  });

  test(
    "of a version that is worse by just the tolerance passes in at most alpha of all rollouts, looked at again and again",
    { timeout: 90_000 },
    () => {
      const random = createRandom("worse");
      let numPassed = 0;
      const numRollouts = 300;
      for (let rollout = 0; rollout < numRollouts; rollout += 1) {
        const sides = [0.12, 0.1].map((rate) => Array.from({ length: 30 }, () => ({ rate, hits: 0 })));
        let hasPassed = false;
        for (let look = 1; look <= 8 && !hasPassed; look += 1) {
          const [wave = [], control = []] = sides.map((side) =>
            side.map((device) => {
              for (let prediction = 0; prediction < 10; prediction += 1)
                device.hits += Number(random.unit() < device.rate);
              return metrics({ numPredictions: 10 * look, numErrors: device.hits });
            }),
          );
          hasPassed = judge(wave, control, { ...GATE, tolerance: { absolute: 0.02 } }).verdict === "pass";
        }
        numPassed += Number(hasPassed);
      }

      // Three standard deviations of 300 draws at 5 % above it.
      expect(numPassed / numRollouts).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / numRollouts));
    },
  );

  test(
    "of two cohorts that are alike fails in at most alpha of all rollouts, looked at again and again",
    { timeout: 90_000 },
    () => {
      const random = createRandom("alike");
      let numFailed = 0;
      const numRollouts = 400;
      for (let rollout = 0; rollout < numRollouts; rollout += 1) {
        // Devices differ: each has an error rate of its own, up to 10 %.
        const sides = [20, 40].map((count) =>
          Array.from({ length: count }, () => ({ rate: random.unit() / 10, hits: 0 })),
        );
        let hasFailed = false;
        for (let look = 1; look <= 12 && !hasFailed; look += 1) {
          const [wave = [], control = []] = sides.map((side) =>
            side.map((device) => {
              for (let prediction = 0; prediction < 10; prediction += 1)
                device.hits += Number(random.unit() < device.rate);
              return metrics({ numPredictions: 10 * look, numErrors: device.hits });
            }),
          );
          hasFailed = judge(wave, control, { ...GATE, tolerance: { absolute: 0 } }).verdict === "fail";
        }
        numFailed += Number(hasFailed);
      }

      // Three standard deviations of 400 draws at 5 % above it.
      expect(numFailed / numRollouts).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / numRollouts));
    },
  );
});

test("a proxy that is called like what every object has is counted from nothing", () => {
  const counted = { numTrue: 1, numAll: 2 };
  const proxies = Object.fromEntries([["constructor", counted]]);

  expect(since(metrics({}), metrics({ proxies })).proxies).toEqual({ constructor: counted });
});
