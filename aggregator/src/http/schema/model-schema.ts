import { z } from "@hono/zod-openapi";
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
    numExamples: count,
    accuracy: z.number().nullable(),
    loss: z.number(),
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
    createdAtMs: atMs,
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

/** Options of an import; the body is the ONNX file itself. */
export const importQuery = z.object({
  model: modelNameText,
  loss: z
    .enum(["softmax-cross-entropy", "mean-squared-error", "binary-cross-entropy"])
    .default("softmax-cross-entropy"),
  momentum: z.coerce.number().min(0).lt(1).default(0),
  weightDecay: z.coerce.number().min(0).max(1000).default(0),
  nesterov: z.enum(["true", "false"]).default("false"),
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
