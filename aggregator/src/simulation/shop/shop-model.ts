import { twoNN } from "@fedge/onnx-autodiff/zoo";
import { hash32, type ModelName } from "@fedge/protocol";
import type { FeatureTensor, WindowPolicy } from "@fedge/protocol/profile";
import { buildProfile } from "../../drift/profiles/build-profile.js";
import type { FeatureDraft } from "../../drift/profiles/feature-drafts.js";
import { modelOfFile, openModel } from "../../drift/profiles/onnx-model.js";
import type { TrainingData } from "../../drift/profiles/training-data.js";
import { goldenPackage, reviewedProfile } from "../../registry/profiles/golden-package.js";
import type { ModelImport } from "../../service.js";
import type { FleetExamples } from "../fleet/fleet-examples.js";
import { COLUMNS, drawShopSample } from "./shop-data.js";

export const SHOP = "shop" as ModelName;
const LOSS = "softmax-cross-entropy";
const HIDDEN_UNITS = 16;
const SAMPLE_ROWS = 4000;
const BATCH = 500;

/**
 * A model that learns who buys, before it has learnt anything, and the reference of its inputs from a sample in one place. What it
 * predicts has no reference yet: other weights will give other answers.
 */
export async function shopModel(of: {
  readonly window: WindowPolicy;
  readonly seed: string;
}): Promise<ModelImport> {
  const onnx = twoNN({
    inputs: COLUMNS.length,
    hidden: HIDDEN_UNITS,
    classes: 2,
    seed: hash32(`${of.seed}/weights`),
  });
  const shape = modelOfFile(onnx, LOSS);
  const predict = await openModel(onnx, shape);
  const { profile } = await buildProfile({
    ...{ model: SHOP, shape, drafts: DRAFTS, predict: null, seed: SHOP, window: of.window },
    data: batchesOf(drawShopSample(SAMPLE_ROWS, of.seed)),
    origin: `${SAMPLE_ROWS} customers of last month`,
  });
  return {
    ...{ model: SHOP, onnx, training: { loss: LOSS }, purpose: "says who is about to buy" },
    profile: await goldenPackage(reviewedProfile(profile, "ada"), shape, predict),
  };
}

const INPUT = { of: "input", name: "input" } as const;
const PUBLIC = { privacy: "public", role: "input" } as const;
const DRAFTS: readonly FeatureDraft[] = [
  ...["basket", "visits", "hour"].map((name, at): FeatureDraft => ({
    ...{ ...PUBLIC, name, form: "numeric", source: { take: "value", ...INPUT, at } },
  })),
  { ...PUBLIC, name: "country", form: "infer", source: { take: "field", name: "country" } },
];

function batchesOf({ input, target, noted }: FleetExamples): TrainingData {
  return async function* batches() {
    const numRows = target.data.length;
    for (let at = 0; at < numRows; at += BATCH) {
      const end = Math.min(numRows, at + BATCH);
      const rows = (data: Float32Array | BigInt64Array, width: number): FeatureTensor => ({
        shape: width === 1 ? [end - at] : [end - at, width],
        data: data.slice(at * width, end * width),
      });
      const fields = Array.from({ length: end - at }, (_, row) => ({
        country: noted?.values[noted.codes[at + row] as number] ?? null,
      }));
      yield await Promise.resolve({
        ...{ numRows: end - at, fields, label: rows(target.data, 1) },
        inputs: { [INPUT.name]: rows(input.data, COLUMNS.length) },
      });
    }
  };
}
