import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stableFraction } from "./stable-fraction.js";

describe("the stable fraction", () => {
  // Version 2 in the test cases of GrowthBook's SDKs (packages/sdk-js/test/cases.json, "hash").
  test.each([
    ["seed", "a", 0.0505],
    ["seed", "b", 0.2696],
    ["foo", "ab", 0.2575],
    ["foo", "def", 0.2019],
    ["89123klj", "8952klfjas09ujkasdf", 0.124],
    ["90850943850283058242805", "123", 0.7516],
    ["()**(%$##$%#$#", '___)((*":&', 0.0128],
  ])("of seed %s and value %s is %f", (seed, value, fraction) => {
    expect(stableFraction(seed, value)).toBe(fraction);
  });

  test("is one of 10,000 from 0", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (seed, value) => {
        const bucket = stableFraction(seed, value) * 10_000;

        expect(Math.abs(bucket - Math.round(bucket))).toBeLessThan(1e-9);
        expect(Math.round(bucket)).toBeGreaterThanOrEqual(0);
        expect(Math.round(bucket)).toBeLessThan(10_000);
      }),
    );
  });

  test("spreads devices evenly: chi-squared of 100 bins below the 99.9 % point", () => {
    const bins = new Array<number>(100).fill(0);
    for (let device = 0; device < 100_000; device += 1) {
      const bin = Math.floor(stableFraction("rollout-7", `device-${device}`) * 100);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    const chiSquared = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);

    // 99 degrees of freedom; scipy.stats.chi2.ppf(0.999, 99) is 148.23.
    expect(chiSquared).toBeLessThan(148.23);
  });

  test("puts other devices first in another rollout", () => {
    const devices = Array.from({ length: 10_000 }, (_, device) => `device-${device}`);
    const first = (rollout: string): Set<string> =>
      new Set(devices.filter((device) => stableFraction(rollout, device) < 0.01));
    const [one, other] = [first("rollout-1"), first("rollout-2")];
    const inBoth = [...one].filter((device) => other.has(device));

    // Independent draws share one in ten thousand: one device here, and ten has a probability below 1e-6.
    expect(inBoth.length).toBeLessThan(10);
  });
});
