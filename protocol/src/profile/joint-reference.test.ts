import { describe, expect, test } from "vitest";
import type { JointReference } from "./joint-reference.js";
import { checkProfile, decodeProfile, encodeProfile, type ReferenceProfile } from "./reference-profile.js";
import { sampleCategorical, sampleNumeric, sampleProfile } from "./testing/sample-profile.js";
import { layoutDocument } from "./vector-layout.js";

const counts = [5, 5, 0, 0, 0, 0, 0];
const age = sampleNumeric({ name: "age", edges: [0, 18, 40], counts });
const height = sampleNumeric({ name: "height", edges: [0, 1, 2], counts });
const constant = sampleNumeric({ name: "constant", edges: [0, 1, 2], counts, std: 0 });
const colour = sampleCategorical({ name: "colour", categories: ["red", "blue"], counts: [5, 5, 0, 0, 0] });
const unseen = sampleCategorical({ name: "unseen", categories: ["red", "blue"] });

const joint = {
  classifier: {
    ...{ features: ["age", "height", "colour"], correlations: [0.5, -0.2, 0.1] },
    ...{ baselineAuc: 0.51, seed: "s", numSynthetic: 500 },
  },
  groups: [
    {
      ...{ name: "x numbers", features: ["age", "height"], bandwidth: 1.5, seed: "s/x", numRows: 1000 },
      cosines: Array<number>(16).fill(-32_767),
      byChance: { mean: 0.6, variance: 0.1, freedom: 3 },
    },
  ],
} satisfies JointReference;

const withJoint = (given: unknown): ReferenceProfile => {
  const profile = sampleProfile([age, height, constant, colour, unseen]);
  return { ...profile, joint: given } as ReferenceProfile;
};
const withClassifier = (change: Partial<NonNullable<JointReference["classifier"]>>): ReferenceProfile =>
  withJoint({ ...joint, classifier: { ...joint.classifier, ...change } });
const withGroup = (change: Partial<JointReference["groups"][number]>): ReferenceProfile =>
  withJoint({ ...joint, groups: [{ ...joint.groups[0], ...change }] });

const refusal = (value: unknown): unknown => {
  try {
    checkProfile(value);
  } catch (error) {
    return error;
  }
  return null;
};

describe("what features look like together", () => {
  test("is what a profile's bytes say", () => {
    expect(decodeProfile(encodeProfile(withJoint(joint)))).toEqual(withJoint(joint));
  });

  test("may be left out, as it was before there was such a thing", () => {
    const profile = sampleProfile([age]);

    expect(decodeProfile(encodeProfile(profile))).toEqual(profile);
  });

  test("decides no cell of a vector", () => {
    expect(layoutDocument(withJoint(joint))).toEqual(layoutDocument(withJoint(undefined)));
  });

  test.each<[string, ReferenceProfile, string]>([
    ["with one feature", withClassifier({ features: ["age"], correlations: [] }), "features"],
    ["with a feature twice", withClassifier({ features: ["age", "age", "colour"] }), "a feature twice"],
    ["with a feature that there is not", withClassifier({ features: ["age", "soul", "colour"] }), '"soul"'],
    ["with one without a reference", withClassifier({ features: ["age", "unseen", "colour"] }), '"unseen"'],
    ["with a correlation too few", withClassifier({ correlations: [0.5, 0.1] }), "2 correlations"],
    ["with a correlation beyond 1", withClassifier({ correlations: [1.5, 0, 0] }), "correlations"],
    // Both go with the first and against each other: 1 + 2abc - a² - b² - c² is below 0.
    ["with correlations that cannot be", withClassifier({ correlations: [0.9, 0.9, -0.9] }), "contradict"],
    ["with a baseline below chance", withClassifier({ baselineAuc: 0.4 }), "baselineAuc"],
    [
      "with more drawn rows than a device has time for",
      withClassifier({ numSynthetic: 1e6 }),
      "numSynthetic",
    ],
    ["with a vector of categories", withGroup({ features: ["age", "colour"] }), "no number that varies"],
    ["with a vector of constants", withGroup({ features: ["age", "constant"] }), "no number that varies"],
    ["with a kernel without width", withGroup({ bandwidth: 0 }), "bandwidth"],
    ["with more cosines than are taken", withGroup({ cosines: Array<number>(513).fill(0) }), "cosines"],
    ["with a mean cosine beyond 1", withGroup({ cosines: Array<number>(16).fill(32_768) }), "cosines"],
    ["with a chance that is none", withGroup({ byChance: { mean: 0, variance: 1, freedom: 1 } }), "byChance"],
    ["with five groups", withJoint({ ...joint, groups: Array(5).fill(joint.groups[0]) }), "groups"],
  ])("is refused %s, and the field named", (_, profile, field) => {
    expect(refusal(profile)).toMatchObject({
      code: "PROFILE_INVALID",
      message: expect.stringContaining(field) as string,
    });
  });
});
