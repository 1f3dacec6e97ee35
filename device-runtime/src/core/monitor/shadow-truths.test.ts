import { createRandom } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { sampleProfile, type ProfileChange } from "../../testing/sample-profile.js";
import type { TensorValue } from "../ports/engine.js";
import { countShadowTruth, shadowClasses } from "./shadow-truths.js";
import { watchedProfile } from "./watched-feature.js";
import { WindowCounts } from "./window-counts.js";

const rows = (width: number, ...data: readonly number[]): TensorValue => ({
  shape: [data.length / width, width],
  data: Float64Array.from(data),
});

/** Scores that are highest for each row's class, of three. */
const scores = (...classes: readonly number[]): TensorValue =>
  rows(3, ...classes.flatMap((best) => [0, 1, 2].map((at) => (at === best ? 0.8 : 0.1))));

const CLASSES = { numClasses: 3, output: "answer", topK: 2 };

async function create(change: ProfileChange = { outcomes: CLASSES }) {
  const watched = watchedProfile(await sampleProfile(nodeDigest, change));
  const counts = new WindowCounts(watched, 0, createRandom("shadows"));
  const { at, size } = watched.layout.shadow;
  return {
    judge: (output: TensorValue, label: TensorValue, classes: readonly number[], delayMs = 0): void =>
      countShadowTruth(counts, { outputs: { answer: output }, label, delayMs }, { version: 2, classes }),
    cells: (): number[] => [...counts.vector.subarray(at, at + size)],
    outcomes: watched.profile.outcomes,
  };
}

describe("a truth of which a shadow's answer is known", () => {
  test("counts row by row who was right: both, only the version in use, only its shadow, neither", async () => {
    const { judge, cells } = await create();
    // Truths 0, 0, 0, 1, 1: both; served alone twice; shadow alone; neither.
    judge(scores(0, 0, 0, 2, 2), rows(1, 0, 0, 0, 1, 1), [0, 1, 2, 1, 0]);

    expect(cells()).toEqual([1, 2, 1, 1, 0, 0, 0]);
  });

  test("may be one-hot", async () => {
    const { judge, cells } = await create();
    judge(scores(1), rows(3, 0, 1, 0), [2]);

    expect(cells().slice(0, 4)).toEqual([0, 1, 0, 0]);
  });

  test.each<[string, TensorValue, TensorValue, readonly number[]]>([
    ["says that it is not known", scores(0), rows(1, -1), [0]],
    ["is of no class of the model", scores(0), rows(1, 3), [0]],
    ["is of a row to which the shadow gave no class", scores(0), rows(1, 0), [-1]],
    ["is of other rows than the shadow's", scores(0, 1), rows(1, 0, 1), [0]],
    ["is of scores of another width", rows(2, 0.9, 0.1), rows(1, 0), [0]],
  ])("counts nothing when it %s", async (_, output, label, classes) => {
    const { judge, cells } = await create();
    judge(output, label, classes);

    expect(cells()).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  test("counts until the horizon and not after it", async () => {
    const { judge, cells } = await create({ outcomes: { ...CLASSES, labelHorizonMs: 5000 } });
    judge(scores(0), rows(1, 0), [0], 5000);
    judge(scores(0), rows(1, 0), [0], 5001);

    expect(cells()[0]).toBe(1);
  });

  test("counts for no more rows than a window may have", async () => {
    const { judge, cells } = await create({ outcomes: CLASSES, window: { maxRows: 3 } });
    judge(scores(0, 0), rows(1, 0, 1), [0, 1]);
    judge(scores(0, 0), rows(1, 0, 0), [0, 0]);

    expect(cells().slice(0, 4)).toEqual([2, 0, 1, 0]);
  });
});

describe("what is remembered of a shadow's answer", () => {
  test("is the class of the highest score of each row", async () => {
    const { outcomes } = await create();

    expect(shadowClasses(outcomes, { answer: scores(2, 0) })).toEqual([2, 0]);
    expect(shadowClasses(outcomes, { answer: rows(2, 0.1, 0.9) })).toEqual([-1]);
  });

  test("is nothing for an output that the profile does not name, for more than 64 rows, and for no classes", async () => {
    const { outcomes } = await create();
    const regression = await create({ outcomes: { numClasses: 0 } });
    const many = Array.from({ length: 65 }, () => 0);

    expect(shadowClasses(outcomes, { other: scores(0) })).toBeNull();
    expect(shadowClasses(outcomes, { answer: scores(...many) })).toBeNull();
    expect(shadowClasses(outcomes, { answer: scores(...many.slice(1)) })).toHaveLength(64);
    expect(shadowClasses(regression.outcomes, { answer: scores(0) })).toBeNull();
  });
});
