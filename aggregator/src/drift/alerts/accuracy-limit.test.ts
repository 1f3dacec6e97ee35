import { createRandom, type Random } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { jackknifeError } from "../statistics/replicate-groups.js";
import { accuracyLimit, type WindowAccuracy } from "./accuracy-limit.js";

const SAMPLE: WindowAccuracy = { accuracy: 0.9, error: 0.01, numGroups: 4, numLabelled: 100, numDevices: 20 };
/** `scipy.stats.t.isf(0.001, 3)`, and of two windows `isf(0.0005, 6)`. */
const [T_OF_ONE, T_OF_TWO] = [10.214531852407385, 5.958816178818765];

describe("the accuracy below which some is lost", () => {
  test("is five points below the best window where errors are small", () => {
    const windows = [0.88, 0.9, 0.86].map((accuracy) => ({
      ...SAMPLE,
      accuracy,
      error: 0.001,
      numGroups: 32,
    }));

    expect(accuracyLimit(SAMPLE, windows)).toBeCloseTo(0.85, 12);
  });

  test("is as far below as chance makes with the degrees of freedom of one window", () => {
    expect(accuracyLimit(SAMPLE, [SAMPLE])).toBeCloseTo(
      0.9 - T_OF_ONE * Math.sqrt(0.01 ** 2 + 0.01 ** 2),
      10,
    );
  });

  // Of 0.01^2 and 0.02^2 with three degrees of freedom each, the mean.
  const pooled = (0.01 ** 2 + 0.02 ** 2) / 2;
  test.each([
    ["as many labels of as many devices", {}, 1],
    ["half the labels", { numLabelled: 50 }, 2],
    ["a quarter of the devices", { numDevices: 5 }, 4],
    ["a quarter of the devices with half the labels", { numDevices: 5, numLabelled: 50 }, 4],
    ["twice the labels of as many devices, whose own differences stay", { numLabelled: 200 }, 1],
  ])("pools the errors of two windows, for %s", (_, size, times) => {
    const chance = T_OF_TWO * Math.sqrt(pooled * times + pooled);

    expect(
      accuracyLimit({ ...SAMPLE, ...size }, [SAMPLE, { ...SAMPLE, accuracy: 0.85, error: 0.02 }]),
    ).toBeCloseTo(0.9 - chance, 10);
  });

  test("is not known without a window before, nor when none has a second group", () => {
    expect(accuracyLimit(SAMPLE, [])).toBeNull();
    expect(accuracyLimit(SAMPLE, [{ ...SAMPLE, error: null }])).toBeNull();
    expect(accuracyLimit(SAMPLE, [{ ...SAMPLE, numGroups: 1 }])).toBeNull();
  });
});

const LABELS_OF_DEVICE = 38;
const DEVICES_OF_GROUP = 5;

/** What the server would make of a window of devices that are each right so often. */
function drawn(rights: readonly number[], random: Random): WindowAccuracy {
  const counts = rights.map((right) => {
    let numRight = 0;
    for (let label = 0; label < LABELS_OF_DEVICE; label += 1) if (random.unit() < right) numRight += 1;
    return numRight;
  });
  const numGroups = rights.length / DEVICES_OF_GROUP;
  const numLabelled = rights.length * LABELS_OF_DEVICE;
  const total = sumOf(counts);
  const left = Array.from({ length: numGroups }, (_, group) => {
    const first = group * DEVICES_OF_GROUP;
    const numRight = total - sumOf(counts.slice(first, first + DEVICES_OF_GROUP));
    return numRight / (numLabelled - DEVICES_OF_GROUP * LABELS_OF_DEVICE);
  });
  const size = { numGroups, numLabelled, numDevices: rights.length };
  return { ...size, accuracy: total / numLabelled, error: jackknifeError(left) };
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

const NUM_FLEETS = 200;
const SEED = "accuracy";
const [WELL, ILL] = [0.87, 0.18];

describe(`of ${NUM_FLEETS} fleets whose devices differ by 0.05 (seed "${SEED}")`, () => {
  /** Fleets that lose accuracy in the window after so many, in which some devices are ill. */
  function numFound(numDevices: number, numIll: number, numWindows: number): number {
    const random = createRandom(`${SEED}/${numDevices}/${numIll}`);
    let num = 0;
    for (let fleet = 0; fleet < NUM_FLEETS; fleet += 1) {
      const rights = Array.from({ length: numDevices }, () => WELL + 0.1 * (random.unit() - 0.5));
      const before = Array.from({ length: numWindows }, () => drawn(rights, random));
      // Anywhere among the groups, as the replicates of devices are drawn.
      const step = numDevices / Math.max(1, numIll);
      const isIll = (device: number): boolean => numIll > 0 && device % step < 1;
      const now = drawn(
        rights.map((right, device) => (isIll(device) ? ILL : right)),
        random,
      );
      const limit = accuracyLimit(now, before);
      if (limit !== null && now.accuracy < limit) num += 1;
    }
    return num;
  }

  test.each([
    [20, 3],
    [20, 8],
    [100, 3],
    [100, 8],
  ])(
    "none of %d devices that stay well is taken for one that lost some, after %d windows",
    (num, windows) => {
      // 0.2 are expected.
      expect(numFound(num, 0, windows)).toBeLessThanOrEqual(2);
    },
  );

  test.each([
    ["a fifth of a hundred", 100, 20, 2],
    ["half of forty", 40, 20, 2],
    ["half of twenty", 20, 10, 3],
  ])("%s that are ill are found in the first window in 95 %%", (_, numDevices, numIll, numWindows) => {
    expect(numFound(numDevices, numIll, numWindows)).toBeGreaterThanOrEqual(0.95 * NUM_FLEETS);
  });
});
