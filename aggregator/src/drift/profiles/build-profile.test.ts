import type { ModelName } from "@fedge/protocol";
import {
  layoutOf,
  type FeatureTensor,
  type FeatureValue,
  type ProfileFeature,
} from "@fedge/protocol/profile";
import { describe, expect, test } from "vitest";
import { nextDouble } from "@fedge/protocol/drift";
import { buildProfile, layoutSha256Of, type ProfileParts } from "./build-profile.js";
import { draftFeatures, type DraftOptions, type ProfiledModel } from "./feature-drafts.js";
import type { TrainingBatch, TrainingData } from "./training-data.js";

const model = "shop" as ModelName;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

/** Rows of fields, a few at a time. */
const fieldData = (rows: readonly Readonly<Record<string, FeatureValue>>[]): TrainingData =>
  async function* batches() {
    for (let at = 0; at < rows.length; at += 7) {
      const fields = rows.slice(at, at + 7);
      yield await Promise.resolve({ numRows: fields.length, inputs: {}, label: null, fields });
    }
  };

const partsOf = (data: TrainingData, fields: readonly string[]): ProfileParts => ({
  ...{ model, shape: null, data, predict: null, origin: "a test", seed: "s" },
  drafts: draftFeatures(null, { fields, hasLabel: false, hasOutputs: false }),
});

async function onlyFeature(values: readonly FeatureValue[]): Promise<ProfileFeature | undefined> {
  const rows = values.map((x) => ({ x }));
  return (await buildProfile(partsOf(fieldData(rows), ["x"]))).profile.features[0];
}

describe("a numeric field", () => {
  test("has bins of equal mass, counts by the device's cells, moments, and range as far again", async () => {
    const feature = await onlyFeature(upTo(100));

    expect(feature).toMatchObject({
      ...{ kind: "numeric", role: "input", privacy: "personal", importance: 1, required: true, mostly: 0.99 },
      edges: [...upTo(20).map((bin) => 5 * bin), nextDouble(99)],
      counts: [...Array<number>(20).fill(5), 0, 0, 0, 0, 0],
      range: { min: 0, max: 198 },
      mean: 49.5,
      floors: { jensenShannon: 0.1, psi: 0.1, meanShift: 0.25 },
    });
    // (n^2 - 1) / 12 for 0 to n - 1.
    expect(feature?.kind === "numeric" && feature.std).toBeCloseTo(Math.sqrt(9999 / 12), 10);
  });

  test("counts what is missing, of the wrong type or infinite in cells of their own", async () => {
    const odd = [null, Number.NaN, "x", Number.POSITIVE_INFINITY];
    const feature = await onlyFeature([...upTo(96), ...odd]);

    expect(feature).toMatchObject({ kind: "numeric", required: false, mean: 47.5 });
    expect(feature?.counts.slice(-5)).toEqual([0, 0, 2, 1, 1]);
  });

  test.each([1e160, 1e300])(
    "of %d and less has the moments of the same numbers in that unit",
    async (unit) => {
      const feature = await onlyFeature(upTo(100).map((at) => at * unit));

      if (feature?.kind !== "numeric") throw new Error("the feature is not numeric");
      expect(feature.mean / unit).toBeCloseTo(49.5, 10);
      expect(feature.std / unit).toBeCloseTo(Math.sqrt(9999 / 12), 10);
    },
  );

  test("that reaches from the least double to the greatest has no range, and its last bin takes the greatest", async () => {
    const most = Number.MAX_VALUE;
    const feature = await onlyFeature([-most, -most, most, most]);

    expect(feature).toMatchObject({
      ...{ edges: [-most, nextDouble(-most), most], counts: [2, 2, 0, 0, 0, 0, 0] },
      ...{ mean: 0, range: { min: null, max: null } },
    });
    expect(feature?.kind === "numeric" && feature.std / most).toBeCloseTo(1, 14);
  });

  test("has no bound where as far again is beyond every double", async () => {
    // From -1e308 to 0.5e308: 1.5e308 further down there is nothing, further up 2e308 neither.
    expect(await onlyFeature([-1e308, 0, 0.5e308])).toMatchObject({ range: { min: null, max: null } });
  });

  test("of the greatest double alone is left out, and the others are not", async () => {
    const rows = upTo(60).map((at) => ({ age: at, most: Number.MAX_VALUE, least: -1e300 * at }));

    const { profile, skipped } = await buildProfile(
      partsOf(fieldData(rows.slice(0, 40)), ["age", "most", "least"]),
    );

    expect(profile.features.map(({ name }) => name)).toEqual(["age", "least"]);
    expect(skipped).toEqual([{ name: "most", reason: "every finite number is the greatest that there is" }]);
  });

  test("with few rows stays one, whatever its values are", async () => {
    expect(await onlyFeature([1, 2, 1, 2])).toMatchObject({
      kind: "numeric",
      // Each value has a bin; what is between them is seen.
      edges: [1, 1 + 2 ** -52, 2, 2 + 2 ** -51],
      counts: [2, 0, 2, 0, 0, 0, 0, 0],
    });
  });
});

describe("a categorical field", () => {
  test("lists its values, the commonest first", async () => {
    const values = [
      ...Array<string>(3).fill("blue"),
      ...Array<string>(5).fill("red"),
      "green",
      "amber",
      null,
    ];

    expect(await onlyFeature(values)).toMatchObject({
      ...{ kind: "categorical", isClosed: false, required: false },
      categories: ["red", "blue", "amber", "green"],
      counts: [5, 3, 1, 1, 0, 1, 0],
    });
  });

  test("is what numbers of five different values in many rows are", async () => {
    const feature = await onlyFeature(upTo(60).map((at) => at % 5));

    expect(feature).toMatchObject({ kind: "categorical", counts: [12, 12, 12, 12, 12, 0, 0, 0] });
  });

  test("of truth values has both, and nothing else", async () => {
    expect(await onlyFeature([true, true])).toMatchObject({
      ...{ categories: [false, true], isClosed: true, counts: [0, 2, 0, 0, 0] },
    });
  });

  test("keeps 32 values; the others are counted together", async () => {
    const feature = await onlyFeature(upTo(400).map((at) => `c${at % 40}`));

    expect(feature?.counts.slice(0, 33)).toEqual([...Array<number>(32).fill(10), 80]);
  });
});

test("what cannot be monitored is left out with its reason, and fails nothing else", async () => {
  const rows = upTo(60).map((at) => ({ id: `user-${at}`, empty: null, age: at }));

  const { profile, skipped } = await buildProfile(partsOf(fieldData(rows), ["id", "empty", "age"]));

  expect(profile.features.map(({ name }) => name)).toEqual(["age"]);
  expect(skipped).toEqual([
    { name: "id", reason: "most rows have a value of their own, as names or identifiers have" },
    { name: "empty", reason: "every value is missing" },
  ]);
});

test("data without rows or without anything to monitor are refused", async () => {
  const refused = expect.objectContaining({ code: "PROFILE_INVALID" }) as unknown;

  await expect(buildProfile(partsOf(fieldData([]), ["x"]))).rejects.toEqual(refused);
  await expect(buildProfile(partsOf(fieldData([{ x: 1 }]), []))).rejects.toEqual(refused);
});

const classifier: ProfiledModel = {
  inputs: [{ name: "x", elementType: "float32", shape: [null, 2] }],
  outputs: [{ name: "logits", elementType: "float32", shape: [null, 3] }],
  loss: "softmax-cross-entropy",
};
const options: DraftOptions = { fields: [], hasLabel: true, hasOutputs: true };

describe("a classifier", () => {
  /** Rows [i, 2i]; it answers class i mod 3 with score i. */
  const data: TrainingData = async function* batches() {
    for (const first of [0, 30]) {
      const x = upTo(30).flatMap((at) => [first + at, 2 * (first + at)]);
      const batch: TrainingBatch = {
        ...{ numRows: 30, fields: [] },
        inputs: { x: { shape: [30, 2], data: Float32Array.from(x) } },
        label: { shape: [30], data: BigInt64Array.from(upTo(30), () => 2n) },
      };
      yield await Promise.resolve(batch);
    }
  };
  const predict = ({ x }: TrainingBatch["inputs"]): Promise<Record<string, FeatureTensor>> => {
    const ids = [...(x?.data as Float32Array)].filter((_, at) => at % 2 === 0);
    const scores = ids.flatMap((id) => [0, 1, 2].map((one) => (one === id % 3 ? id : -1)));
    return Promise.resolve({ logits: { shape: [ids.length, 3], data: Float32Array.from(scores) } });
  };
  const parts: ProfileParts = {
    ...{ model, shape: classifier, data, predict, origin: "a test", seed: "s" },
    drafts: draftFeatures(classifier, { ...options, columns: { x: ["age", "income"] } }),
  };

  test("has its inputs, prediction, score and label", async () => {
    const { profile } = await buildProfile(parts);
    const byName = new Map(profile.features.map((feature) => [feature.name, feature]));

    expect([...byName.keys()]).toEqual(["age", "income", "logits prediction", "logits top score", "label"]);
    expect(byName.get("income")).toMatchObject({ mean: 59 });
    expect(byName.get("logits prediction")).toMatchObject({
      ...{ role: "prediction", categories: [0, 1, 2], isClosed: true, counts: [20, 20, 20, 0, 0, 0] },
    });
    expect(byName.get("logits top score")).toMatchObject({ role: "score", mean: 29.5 });
    expect(byName.get("label")).toMatchObject({
      role: "label",
      required: false,
      counts: [0, 0, 60, 0, 0, 0],
    });
    expect(profile.outcomes).toMatchObject({ numClasses: 3, output: "logits", topK: 2, errorUnit: 1 });
    expect(profile.numRows).toBe(60);
  });

  test("has of its label the rows that are labelled, as devices count them", async () => {
    const partly: TrainingData = async function* batches() {
      for await (const batch of data()) {
        const truths = upTo(30).map((at) => (at < 12 ? 2 : Number.NaN));
        yield { ...batch, label: { shape: [30], data: Float32Array.from(truths) } };
      }
    };
    const { profile } = await buildProfile({ ...parts, data: partly });

    expect(profile.features.find(({ name }) => name === "label")?.counts).toEqual([0, 0, 24, 0, 0, 0]);
  });

  test("has the layout whose hash it says, and the same profile for the same data", async () => {
    const [one, other] = [await buildProfile(parts), await buildProfile(parts)];

    expect(one).toEqual(other);
    expect(one.profile.layoutSha256).toBe(layoutSha256Of(one.profile));
    expect(layoutOf(one.profile).confusion.size).toBe(9);
  });
});

describe("what a model's tensors are monitored by", () => {
  const sourcesOf = (change: Partial<ProfiledModel>, more: Partial<DraftOptions> = {}): string[] =>
    draftFeatures({ ...classifier, ...change }, { ...options, hasLabel: false, ...more }).map(
      ({ name, role }) => `${role}: ${name}`,
    );

  test("of a wide row descriptors and 16 projections", () => {
    const names = sourcesOf({
      inputs: [{ name: "x", elementType: "float32", shape: [null, 28, 28] }],
      outputs: [],
    });

    expect(names.slice(0, 7)).toEqual([
      ...["input: x mean", "input: x std", "input: x min", "input: x max", "input: x norm"],
      ...["input: x zero-share", "embedding: x projection 0"],
    ]);
    expect(names).toHaveLength(22);
  });

  test("of tokens no more than how many, and how many unknown", () => {
    const inputs = [{ name: "t", elementType: "int64" as const, shape: [null, 10] }];

    expect(sourcesOf({ inputs, outputs: [] }, { unknownToken: 2 })).toEqual([
      ...["text: t length", "text: t zero-share", "text: t unknown-share"],
    ]);
  });

  test("of a regression its prediction", () => {
    const outputs = [{ name: "y", elementType: "float32" as const, shape: [null, 1] }];

    expect(sourcesOf({ inputs: [], outputs, loss: "mse" })).toEqual(["prediction: y prediction"]);
  });

  test("a field that is called as a column is, gets another name", () => {
    expect(sourcesOf({ outputs: [] }, { fields: ["x[0]"] })).toEqual([
      "input: x[0]",
      "input: x[1]",
      "input: x[0]'",
    ]);
  });
});
