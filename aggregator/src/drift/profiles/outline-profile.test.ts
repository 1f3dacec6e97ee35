import type { ModelName } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { DEFAULT_WINDOW } from "./build-profile.js";
import { draftFeatures, type ProfiledModel } from "./feature-drafts.js";
import { outlineProfile, type Expectation } from "./outline-profile.js";

const SHAPE: ProfiledModel = {
  inputs: [{ name: "x", elementType: "float32", shape: [null, 2] }],
  outputs: [{ name: "logits", elementType: "float32", shape: [null, 3] }],
  loss: "softmax-cross-entropy",
};

function outline(expected: Readonly<Record<string, Expectation>>, fields: readonly string[] = []) {
  const drafts = draftFeatures(SHAPE, {
    ...{ fields, columns: { x: ["age", "height"] }, hasLabel: true, hasOutputs: true },
  });
  return outlineProfile({
    ...{ model: "people" as ModelName, shape: SHAPE, drafts, window: DEFAULT_WINDOW },
    expectations: new Map(Object.entries(expected)),
  });
}

const NUMBERS = { age: { min: 0, max: 128 }, height: { min: 1, max: 3 } };

describe("an outline of what is expected", () => {
  test("has the finest bins over the expected range, moments of a uniform distribution, and no rows", () => {
    const [age] = outline(NUMBERS).features;

    expect(age).toMatchObject({ name: "age", kind: "numeric", mean: 64, required: false });
    if (age?.kind !== "numeric") throw new Error("numeric");
    // 64 bins of width 2. A uniform distribution's deviation is its width over root 12: 36.950417.
    expect(age.edges).toEqual(Array.from({ length: 65 }, (_, at) => 2 * at));
    expect(age.std).toBeCloseTo(36.950417, 6);
    expect(age.counts).toEqual(Array<number>(69).fill(0));
  });

  test("knows classes and scores without being told", () => {
    const { features, outcomes, numRows, reviewedBy } = outline(NUMBERS);
    const known = features.map((feature) =>
      feature.kind === "categorical"
        ? [feature.name, feature.categories]
        : [feature.name, [feature.edges[0], feature.edges.at(-1)]],
    );

    expect(known).toEqual([
      ["age", [0, 128]],
      ["height", [1, 3]],
      ["logits prediction", [0, 1, 2]],
      ["logits top score", [0, 1]],
      ["label", [0, 1, 2]],
    ]);
    expect([outcomes.numClasses, numRows, reviewedBy]).toEqual([3, 0, null]);
  });

  test("takes categories of what the app notes", () => {
    const { features } = outline({ ...NUMBERS, place: { categories: ["harbour", "market"] } }, ["place"]);

    expect(features.find(({ name }) => name === "place")).toMatchObject({
      source: { take: "field", name: "place" },
      categories: ["harbour", "market"],
      counts: [0, 0, 0, 0, 0],
    });
  });

  test("asks for what nobody can know", () => {
    expect(() => outline({ age: { min: 0, max: 1 } })).toThrow(/nothing is expected of "height".*--expect/);
  });

  test("refuses what is no feature, and an empty range", () => {
    expect(() => outline({ ...NUMBERS, weight: { min: 0, max: 1 } })).toThrow(/"weight" is no feature/);
    expect(() => outline({ ...NUMBERS, age: { min: 1, max: 1 } })).toThrow(/edges do not rise/);
  });
});
