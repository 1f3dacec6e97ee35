import { z } from "@hono/zod-openapi";
import { LOSS_KINDS, OPTIMIZER_KINDS } from "@fedge/onnx-autodiff";
import { modelManifest } from "@fedge/protocol";
import { LAYERS_FILES } from "../../registry/layers-files.js";
import {
  atMs,
  blobRefBody,
  count,
  modelNameText,
  roundIdText,
  taskIdText,
  versionParams,
} from "./basic-schema.js";
import { fromProtocol } from "./protocol-schema.js";

export const evaluation = z
  .object({
    model: modelNameText,
    version: z.number().int().positive(),
    dataSet: z.string(),
    segment: z.string().describe("Which part of the set; empty for all of it"),
    numExamples: count,
    accuracy: z.number().nullable(),
    loss: z.number(),
    results: blobRefBody.nullable().describe("What every single example gave, where it is known"),
    evaluatedAtMs: atMs,
  })
  .openapi("Evaluation");

export const versionView = z
  .object({
    model: z.string(),
    version: z.number().int().positive(),
    manifest: blobRefBody,
    checkpoint: blobRefBody,
    optimizerState: blobRefBody.nullable(),
    parentVersion: z.number().int().positive().nullable(),
    taskId: taskIdText.nullable(),
    roundId: roundIdText.nullable(),
    numUpdates: count,
    numExamples: count,
    provenance: z
      .object({
        cohortSize: count,
        privacySpent: z.object({ epsilon: z.number(), delta: z.number() }).nullable(),
        dataWindow: z.object({ firstMs: atMs, lastMs: atMs }).nullable(),
        codeVersion: z.string(),
        signer: z.string().nullable(),
      })
      .openapi("Provenance"),
    finalSum: blobRefBody.nullable().describe("The round's sum of all updates, while it is kept"),
    createdAtMs: atMs,
    deletedAtMs: atMs.nullable().describe("When the retention policy deleted its bytes"),
    evaluations: z.array(evaluation).readonly(),
    numServing: count,
    released: z.boolean(),
  })
  .openapi("ModelVersion");
export type VersionBody = z.infer<typeof versionView>;

export const versionList = z.object({ versions: z.array(versionView).readonly() }).openapi("VersionList");

export const versionDetail = z
  .object({ version: versionView, manifest: fromProtocol(modelManifest, "ModelManifest") })
  .openapi("VersionDetail");

export const modelView = z
  .object({
    model: modelNameText,
    latestVersion: count,
    releasedVersion: count.nullable(),
    numParameters: count,
    loss: z.string().nullable(),
  })
  .openapi("Model");
export type ModelBody = z.infer<typeof modelView>;

export const modelList = z.object({ models: z.array(modelView).readonly() }).openapi("ModelList");

const numberList = z
  .string()
  .max(65_536)
  .regex(/^[-+.\deE]+(,[-+.\deE]+)*$/, "numbers separated by commas")
  .transform((text) => text.split(",").map(Number));

export const importReport = z
  .object({
    version: versionView,
    check: z
      .object({ batchSize: count, loss: z.number(), stepMs: z.number().min(0), memoryBytes: count })
      .describe("One training step on random examples"),
    unexplained: z
      .string()
      .nullable()
      .describe("Why devices cannot explain its predictions; null when they can"),
  })
  .openapi("ImportReport");
export type ImportReportBody = z.infer<typeof importReport>;

/** Options of an import; the body is the ONNX file itself, or with its profile a package of both. */
export const importQuery = z.object({
  model: modelNameText,
  body: z
    .enum(["onnx", "profile-package"])
    .default("onnx")
    .describe("profile-package: safetensors with the bytes of `profile` and `onnx`, and golden rows"),
  purpose: z.string().max(4096).default("").describe("What the model is for, for its card"),
  loss: z.enum(LOSS_KINDS).default("softmax-cross-entropy"),
  target: z
    .enum(["class-index", "one-hot"])
    .default("class-index")
    .describe("How the target of softmax-cross-entropy is given"),
  classWeights: numberList.optional().describe("A weight for each class, separated by commas"),
  ignoreIndex: z.coerce.number().int().optional().describe("Class index whose examples count for nothing"),
  delta: z.coerce.number().positive().optional().describe("Where huber turns from a square into a line"),
  optimizer: z.enum(OPTIMIZER_KINDS).default("sgd"),
  momentum: z.coerce.number().min(0).lt(1).optional().describe("Of sgd"),
  nesterov: z.enum(["true", "false"]).default("false").describe("Of sgd"),
  beta1: z.coerce.number().min(0).lt(1).optional().describe("Of adam and adamw"),
  beta2: z.coerce.number().min(0).lt(1).optional().describe("Of adam and adamw"),
  epsilon: z.coerce.number().positive().optional().describe("Of adam and adamw"),
  weightDecay: z.coerce.number().min(0).max(1000).default(0),
  clipNorm: z.coerce.number().positive().optional().describe("Largest norm of all gradients of a step"),
  proximal: z
    .enum(["true", "false"])
    .default("true")
    .describe("Adds the FedProx term to the train graph, so that tasks may use it"),
  trainable: z
    .string()
    .max(65_536)
    .default("")
    .describe("Names of the parameters to train, separated by commas; empty trains every parameter"),
});

/** Which file of a layers model. */
export const layersFileParams = versionParams.extend({ file: z.enum(LAYERS_FILES) });

export const exportQuery = z.object({ format: z.enum(["onnx", "safetensors"]).default("onnx") });
