import { createRandom } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { sampleProfile, type ProfileChange } from "../../testing/sample-profile.js";
import type { TensorValue } from "../ports/engine.js";
import { countOutcome, delayBin } from "./outcome-counts.js";
import { base64Of } from "./vector-text.js";
import { watchedProfile } from "./watched-feature.js";
import { WindowCounts } from "./window-counts.js";

const rows = (width: number, ...data: readonly number[]): TensorValue => ({
  shape: [data.length / width, width],
  data: Float64Array.from(data),
});

async function create(change: ProfileChange) {
  const watched = watchedProfile(await sampleProfile(nodeDigest, change));
  const counts = new WindowCounts(watched, 0, createRandom("outcomes"));
  const seen: boolean[] = [];
  const label = (output: TensorValue, truth: TensorValue, delayMs = 0): void =>
    countOutcome(counts, { outputs: { answer: output }, label: truth, delayMs }, (isRight) =>
      seen.push(isRight),
    );
  const { layout } = watched;
  const cells = (name: "labels" | "delays" | "confusion" | "scores"): number[] => {
    const { at, size } = layout[name];
    return [...counts.vector.subarray(at, at + size)];
  };
  return { label, cells, seen };
}

const CLASSES = { outcomes: { numClasses: 3, output: "answer", topK: 2 } };

describe("the truth of a classification", () => {
  test("counts as right, in the top two, by its loss, its class and its score", async () => {
    const { label, cells, seen } = await create(CLASSES);
    label(rows(3, 0.7, 0.2, 0.1), rows(1, 0));
    label(rows(3, 0.7, 0.2, 0.1), rows(1, 1));
    label(rows(3, 0.7, 0.2, 0.1), rows(1, 2));

    // -ln 0.7 = 0.3567, -ln 0.2 = 1.6094, -ln 0.1 = 2.3026; in hundredths 36 + 161 + 230.
    expect(cells("labels")).toEqual([3, 1, 2, 427, 0]);
    expect(cells("confusion")).toEqual([1, 0, 0, 1, 0, 0, 1, 0, 0]);
    expect(cells("scores").slice(28, 32)).toEqual([0, 0, 3, 1]);
    expect(seen).toEqual([true, false, false]);
  });

  test("takes scores that are no probabilities for logits, and calibrates by their softmax", async () => {
    const { label, cells } = await create(CLASSES);
    // ln(e^2 + 2) - 0 = 2.2395 for the second class; e^2 / (e^2 + 2) = 0.787 for the first, which is predicted.
    label(rows(3, 2, 0, 0), rows(1, 1));

    expect(cells("labels")).toEqual([1, 0, 1, 224, 0]);
    expect(cells("scores").slice(28, 32)).toEqual([0, 0, 1, 0]);
  });

  test("calibrates by the softmax of logits that are between 0 and 1, too, and by nothing that is no number", async () => {
    const { label, cells } = await create(CLASSES);
    // e^0.9 / (e^0.9 + e^0.8 + 1) = 0.433.
    label(rows(3, 0.9, 0.8, 0), rows(1, 0));
    label(rows(3, Number.NaN, 0, 0), rows(1, 0));

    const counted = cells("scores");
    expect(counted.slice(16, 20)).toEqual([0, 0, 1, 1]);
    expect(counted.reduce((sum, cell) => sum + cell)).toBe(2);
  });

  test("may be one-hot; a negative class and one that there is not say nothing", async () => {
    const { label, cells } = await create(CLASSES);
    label(rows(3, 1, 0, 0, 0, 1, 0), rows(3, 1, 0, 0, 0, 0, 1));
    label(rows(3, 1, 0, 0), rows(1, -1));
    label(rows(3, 1, 0, 0), rows(1, 3));

    expect(cells("labels").slice(0, 2)).toEqual([2, 1]);
    // The loss of what had no probability at all is 20, the most that counts.
    expect(cells("labels")[3]).toBe(2000);
  });

  test("counts for no more rows than a window may have", async () => {
    const { label, cells } = await create({ ...CLASSES, window: { maxRows: 2 } });
    for (let time = 0; time < 5; time += 1) label(rows(3, 1, 0, 0), rows(1, 0));

    expect(cells("labels")[0]).toBe(2);
  });
});

test("the truth of a regression counts by its square in the profile's unit, at most 64", async () => {
  const { label, cells, seen } = await create({ outcomes: { errorUnit: 10 } });
  // (5/10)^2 = 0.25 and ((10/10)^2 + 0)/2 = 0.5: 4 and 8 sixteenths; 64 sixteenth times 16 for what is far off.
  label(rows(1, 5), rows(1, 0));
  label(rows(2, 10, 0), rows(2, 0, 0));
  label(rows(1, 5000), rows(1, 0));

  expect(cells("labels")).toEqual([3, 0, 0, 0, 4 + 8 + 1024]);
  expect(seen).toEqual([]);
});

test.each([
  [0, 0],
  [999, 0],
  [1000, 1],
  [1999, 1],
  [2000, 2],
  [3_600_000, 12],
  [1e12, 19],
])("a delay of %d ms is in bin %d", (delayMs, bin) => {
  expect(delayBin(delayMs)).toBe(bin);
});

test.each([
  ["", ""],
  ["f", "Zg=="],
  ["fo", "Zm8="],
  ["foo", "Zm9v"],
  ["foobar", "Zm9vYmFy"],
])("RFC 4648 writes %j as %j", (text, expected) => {
  expect(base64Of(new TextEncoder().encode(text))).toBe(expected);
});
