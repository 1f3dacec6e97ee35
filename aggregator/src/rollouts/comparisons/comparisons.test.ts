import { createRandom, type DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { armOf } from "../arms.js";
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
