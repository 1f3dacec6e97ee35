import { createRandom, type ModelName } from "@fedge/protocol";
import { seededNormal } from "@fedge/protocol/drift";
import type { FeatureValue, JointReference, ReferenceProfile } from "@fedge/protocol/profile";
import { describe, expect, test } from "vitest";
import { layoutOf } from "@fedge/protocol/profile";
import { monitoredVersion } from "../references/monitored-version.js";
import { referenceOfWindows } from "../references/reference-of-windows.js";
import { buildProfile, type ProfileParts } from "./build-profile.js";
import type { FeatureDraft } from "./feature-drafts.js";

type Row = Readonly<Record<string, FeatureValue>>;

const normal = (() => {
  const random = createRandom("joint");
  return () => seededNormal(random);
})();

/** An exponential that goes with a normal by 0.6 and a category of three that goes against it by -0.5; the last is alone. */
function people(numRows: number): Row[] {
  return Array.from({ length: numRows }, () => {
    const [first, second, third] = [normal(), normal(), normal()];
    const place = -0.5 * first + Math.sqrt(0.75) * second;
    return {
      ...{ height: first, income: Math.exp(0.6 * first + 0.8 * third), alone: normal() },
      place: place < -0.4 ? 0 : place < 0.8 ? 1 : 2,
    };
  });
}

async function build(rows: readonly Row[], change: Partial<ProfileParts> = {}): Promise<ReferenceProfile> {
  const names = Object.keys(rows[0] ?? {});
  const built = await buildProfile({
    ...{ model: "people" as ModelName, shape: null, predict: null, origin: "a test", seed: "s" },
    drafts: names.map((name): FeatureDraft => {
      const source = { take: "field", name } as const;
      return { name, source, role: "input", privacy: "personal", form: "infer" };
    }),
    data: async function* batches() {
      yield await Promise.resolve({ numRows: rows.length, inputs: {}, label: null, fields: rows });
    },
    ...change,
  });
  return built.profile;
}

/** Of two of the classifier's features. */
function correlation({ classifier }: JointReference, one: string, other: string): number {
  const names = classifier?.features ?? [];
  const [low, high] = [names.indexOf(one), names.indexOf(other)].sort((a, b) => a - b) as [number, number];
  return classifier?.correlations[(high * (high - 1)) / 2 + low] as number;
}

describe("what a profile says of features together", () => {
  test("are the correlations behind them, whatever their margins and however coarse", async () => {
    const { joint } = await build(people(8000));

    expect(joint?.classifier?.features).toEqual(["height", "income", "alone", "place"]);
    // 6,000 rows: a standard error of about 0.013 for numbers, and 0.018 for three categories.
    expect(correlation(joint!, "height", "income")).toBeCloseTo(0.6, 1);
    expect(Math.abs(correlation(joint!, "height", "place") + 0.5)).toBeLessThan(0.06);
    expect(Math.abs(correlation(joint!, "alone", "height"))).toBeLessThan(0.04);
    expect(Math.abs(correlation(joint!, "income", "place") + 0.3)).toBeLessThan(0.06);
  });

  test("is that rows which the correlations are not of can hardly be told from drawn ones", async () => {
    const { joint } = await build(people(4000));

    expect(joint?.classifier?.baselineAuc).toBeGreaterThanOrEqual(0.5);
    expect(joint?.classifier?.baselineAuc).toBeLessThan(0.53);
  });

  test("does not depend on the order of a file", async () => {
    const rows = people(2000);
    const sorted = [...rows].sort((a, b) => Number(a["height"]) - Number(b["height"]));

    const { joint } = await build(sorted);

    // Were the last quarter of the file held out, it would be told apart at once.
    expect(joint?.classifier?.baselineAuc).toBeLessThan(0.55);
  });

  test("has neither a value of a row nor as many numbers as there are rows", async () => {
    const rows = people(500).map((row, at) => ({ ...row, income: 1_000_000 + at * 7.125 }));

    const text = JSON.stringify((await build(rows)).joint);

    for (const { income } of rows) expect(text).not.toContain(String(income));
    expect(text.length).toBeLessThan(300);
  });

  test("is left out where a person wants so, and below 500 rows", async () => {
    expect(await build(people(600), { withJoint: false })).not.toHaveProperty("joint");
    expect(await build(people(499))).not.toHaveProperty("joint");
    expect(await build(people(500))).toHaveProperty("joint");
  });

  test("leaves a constant out, and is nothing where one feature is left", async () => {
    const rows = people(600).map(({ height }) => ({ height: height as number, constant: 1 }));

    expect(await build(rows)).not.toHaveProperty("joint");
  });

  test("goes when a fleet's counts take the place of the reference", async () => {
    const profile = await build(people(600));
    const monitored = monitoredVersion({ model: profile.model, version: 1 }, profile, 0);

    const { joint } = referenceOfWindows(
      { profile, layout: layoutOf(profile) },
      { views: [], withPredictions: true },
    );

    expect(monitored.profile.joint).toBeDefined();
    expect(joint).toBeUndefined();
  });
});

test("the numbers of a narrow tensor are a vector, and so are the projections of a wide one", async () => {
  const numRows = 600;
  const data = Float64Array.from({ length: numRows * 3 }, normal);
  const number = (name: string, at: number): FeatureDraft => {
    const source = { take: "value", of: "input", name: "x", at } as const;
    return { name, source, role: "input", privacy: "personal", form: "numeric" };
  };
  const projection = (seed: string): FeatureDraft => {
    const source = { take: "projection", of: "input", name: "x", seed } as const;
    return { name: `projection ${seed}`, source, role: "embedding", privacy: "personal", form: "numeric" };
  };
  const profile = await build([], {
    drafts: [number("a", 0), number("b", 1), projection("one"), projection("two")],
    data: async function* batches() {
      yield await Promise.resolve({
        ...{ numRows, inputs: { x: { shape: [numRows, 3], data } }, label: null, fields: [] },
      });
    },
  });

  expect(profile.joint?.groups).toMatchObject([
    { name: "x numbers", features: ["a", "b"], numRows: 600 },
    { name: "x projections", features: ["projection one", "projection two"], numRows: 600 },
  ]);
  // The median distance of pairs of independent standard normals in the plane is root(4 ln 2) = 1.665.
  expect(profile.joint?.groups[0]?.bandwidth).toBeCloseTo(1.665, 0);
});
