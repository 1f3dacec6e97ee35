import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NO_FAULTS, fateOf, type FaultRates } from "./fate.js";

const DRAWS = 20_000;
const kinds = ["normal", "late", "vanish/training", "vanish/uploading"] as const;

/** Counts of fates over 200 devices and 100 rounds. */
const countFates = (rates: FaultRates): Record<(typeof kinds)[number], number> => {
  const counts = { normal: 0, late: 0, "vanish/training": 0, "vanish/uploading": 0 };
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const fate = fateOf(rates, {
      seed: "s",
      roundId: `task-${draw % 100}`,
      deviceId: `d${Math.floor(draw / 100)}`,
    });
    counts[fate.kind === "vanish" ? (`vanish/${fate.moment}` as const) : fate.kind] += 1;
  }
  return counts;
};

describe("fateOf", () => {
  test.each<[FaultRates, readonly number[]]>([
    [{ dropout: 0.1, late: 0.05 }, [0.85, 0.05, 0.05, 0.05]],
    [{ dropout: 0.5, late: 0.5 }, [0, 0.5, 0.25, 0.25]],
    [{ dropout: 0.02, late: 0 }, [0.98, 0, 0.01, 0.01]],
  ])("gives each fate as often as %j asks", (rates, expected) => {
    const counts = countFates(rates);

    kinds.forEach((kind, index) => {
      const p = expected[index] as number;
      // Five standard deviations of a binomial count.
      expect(Math.abs(counts[kind] - p * DRAWS)).toBeLessThanOrEqual(5 * Math.sqrt(DRAWS * p * (1 - p)));
    });
  });

  test("is independent between rounds: a device that vanished is no likelier to vanish in the next", () => {
    const rates = { dropout: 0.3, late: 0 };
    const vanishes = (round: number, device: number): boolean =>
      fateOf(rates, { seed: "s", roundId: `task-${round}`, deviceId: `d${device}` }).kind === "vanish";
    let both = 0;
    for (let device = 0; device < DRAWS; device += 1)
      if (vanishes(7, device) && vanishes(8, device)) both += 1;

    // 0.3 * 0.3 of all pairs, five standard deviations.
    expect(Math.abs(both - 0.09 * DRAWS)).toBeLessThanOrEqual(5 * Math.sqrt(DRAWS * 0.09 * 0.91));
  });

  test("is the same for the same seed, round and device", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (seed, roundId, deviceId) => {
        const of = { seed, roundId, deviceId };
        expect(fateOf({ dropout: 0.4, late: 0.3 }, of)).toEqual(
          fateOf({ dropout: 0.4, late: 0.3 }, { ...of }),
        );
      }),
    );
  });

  test("is always normal without faults", () => {
    expect(countFates(NO_FAULTS).normal).toBe(DRAWS);
  });
});
