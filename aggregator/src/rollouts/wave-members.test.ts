import type { DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { sampleDevice } from "../http/testing/sample-data.js";
import { deviceFilter } from "../fleet/filter/device-filter.js";
import { sampleConfig } from "./testing/sample-rollout.js";
import { isInWave, waveFilters, waveOf } from "./wave-members.js";

const FLEET = Array.from({ length: 10_000 }, (_, number) => sampleDevice(number));
const compile = (filter: string) => deviceFilter(filter, 0);

function membersOf(rolloutId: string, percent: number, fleet = FLEET): DeviceId[] {
  const config = sampleConfig({ rolloutId, waves: [{ name: "w", percent, soakMs: 0 }] });
  const filters = waveFilters(config, compile);
  return fleet
    .filter((device) => isInWave(config, filters, { device, index: 0 }))
    .map(({ deviceId }) => deviceId);
}

describe("who is in a wave", () => {
  test("R16: a larger share has every device of the smaller one in it", () => {
    const shares = [1, 5, 25, 100].map((percent) => new Set(membersOf("words", percent)));

    for (const [at, smaller] of shares.slice(0, 3).entries())
      for (const deviceId of smaller) expect(shares[at + 1]?.has(deviceId)).toBe(true);
    expect(shares[3]?.size).toBe(10_000);
  });

  test.each([1, 5, 25])(
    "R16: of 10,000 devices %i %% are in it, within three standard deviations",
    (percent) => {
      const share = percent / 100;
      const bound = 3 * Math.sqrt(10_000 * share * (1 - share));

      expect(Math.abs(membersOf("words", percent).length - 10_000 * share)).toBeLessThanOrEqual(bound);
    },
  );

  test("R16: another rollout begins with other devices: of two quarters a sixteenth is in both", () => {
    const one = new Set(membersOf("words", 25));
    const both = membersOf("digits", 25).filter((deviceId) => one.has(deviceId)).length;

    expect(Math.abs(both - 625)).toBeLessThanOrEqual(3 * Math.sqrt(10_000 * (1 / 16) * (15 / 16)));
  });

  test("R1: waves of 30 and 100 % share no device, and all that match are in one of them", () => {
    const waves = [
      { name: "a", percent: 30, soakMs: 0 },
      { name: "b", percent: 100, soakMs: 0 },
    ];
    const config = sampleConfig({ waves, filter: "id == *0" });
    const filters = waveFilters(config, compile);
    const matching = FLEET.filter(({ deviceId }) => deviceId.endsWith("0"));
    const byWave = matching.map((device) => waveOf(config, filters, device));

    expect(byWave.every((wave) => wave === 0 || wave === 1)).toBe(true);
    const numFirst = byWave.filter((wave) => wave === 0).length;
    expect(Math.abs(numFirst - 300)).toBeLessThanOrEqual(3 * Math.sqrt(1000 * 0.3 * 0.7));
    expect(FLEET.filter((device) => waveOf(config, filters, device) !== null)).toHaveLength(1000);
  });

  test("R19: of a group that shrinks to two fifths, the wave is the same share, and the same devices where they are left", () => {
    const before = new Set(membersOf("words", 80));
    const left = FLEET.filter((_, at) => at % 5 < 2);
    const after = membersOf("words", 80, left);

    for (const deviceId of after) expect(before.has(deviceId)).toBe(true);
    expect(Math.abs(after.length - 3200)).toBeLessThanOrEqual(3 * Math.sqrt(4000 * 0.8 * 0.2));
  });

  test("a wave's own filter narrows it, and tags and groups are fields of it", () => {
    const fleet = [
      sampleDevice(1, { tags: ["internal"] }),
      sampleDevice(2, { attributes: { region: "eu" } }),
      sampleDevice(3),
    ];
    const groups = new Map([["european", "attribute.region == eu"]]);
    const named = (filter: string): boolean[] => fleet.map(deviceFilter(filter, 0, groups));

    expect(named("tag == internal")).toEqual([true, false, false]);
    expect(named("tag != internal")).toEqual([false, true, true]);
    expect(named("group == european")).toEqual([false, true, false]);
    expect(named("group not in (european)")).toEqual([true, false, true]);
    expect(() => named("group == nobody")).toThrow(/there is no group "nobody"; saved are european/);
  });
});
