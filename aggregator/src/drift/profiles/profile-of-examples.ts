import { numValues } from "@fedge/protocol";
import type { FeatureTensor } from "@fedge/protocol/profile";
import { goldenPackage, reviewedProfile } from "../../registry/profiles/golden-package.js";
import type { ProfilePackage } from "../../registry/profiles/profile-package.js";
import type { ModelImport } from "../../service.js";
import { buildProfile, DEFAULT_WINDOW } from "./build-profile.js";
import { draftFeatures } from "./feature-drafts.js";
import { batchSizeOf, modelOfFile, openModel } from "./onnx-model.js";
import type { TrainingData } from "./training-data.js";

/** Labelled examples in memory; rows are examples. */
export interface ProfiledExamples {
  readonly numExamples: number;
  readonly input: ExampleRows;
  readonly target: ExampleRows;
}

interface ExampleRows {
  readonly exampleShape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export interface ExampleProfileOptions {
  readonly origin: string;
  readonly reviewedBy: string;
  readonly windowMs: number;
  readonly unknownToken?: number;
}

/** The profile of a model with one input, and golden rows, from examples. Throws as `buildProfile` and the engine. */
export async function profileOfExamples(
  { model, onnx, training }: Pick<ModelImport, "model" | "onnx" | "training">,
  examples: ProfiledExamples,
  { origin, reviewedBy, windowMs, unknownToken }: ExampleProfileOptions,
): Promise<ProfilePackage> {
  const { loss } = training;
  const shape = modelOfFile(onnx, typeof loss === "string" ? loss : loss.kind);
  const predict = await openModel(onnx, shape);
  const token = unknownToken === undefined ? {} : { unknownToken };
  const { profile } = await buildProfile({
    ...{ model, shape, predict, origin, seed: model },
    drafts: draftFeatures(shape, { fields: [], hasLabel: true, hasOutputs: true, ...token }),
    data: dataOf(shape.inputs[0]?.name ?? "", examples, batchSizeOf(shape)),
    window: { ...DEFAULT_WINDOW, lengthMs: windowMs },
  });
  return goldenPackage(reviewedProfile(profile, reviewedBy), shape, predict);
}

function dataOf(input: string, examples: ProfiledExamples, batchSize: number): TrainingData {
  return async function* batches() {
    for (let at = 0; at < examples.numExamples; at += batchSize) {
      const end = Math.min(examples.numExamples, at + batchSize);
      yield await Promise.resolve({
        numRows: end - at,
        inputs: { [input]: rowsOf(examples.input, at, end) },
        label: rowsOf(examples.target, at, end),
        fields: [],
      });
    }
  };
}

function rowsOf({ exampleShape, data }: ExampleRows, first: number, end: number): FeatureTensor {
  const width = numValues(exampleShape);
  return { shape: [end - first, ...exampleShape], data: data.slice(first * width, end * width) };
}
