import * as z from "zod/mini";
import { blobRef, type BlobRef } from "./blob-ref.js";
import { modelName, roundId, taskId } from "./ids.js";
import { MAX_PARAMETERS, MAX_TENSORS } from "./limits.js";
import { decodeWith, nonNegativeInt, positiveInt, shortText } from "./schema.js";
import { numValues } from "./codec/num-values.js";
import { FedgeError } from "./errors.js";

export const MANIFEST_FORMAT = 1;
export const MAX_MANIFEST_BYTES = 1024 * 1024;

export const elementType = z.enum(["float32", "float64", "int64", "int32", "uint8", "bool"]);
export type ElementType = z.infer<typeof elementType>;

const tensorName = z.string().check(z.minLength(1), z.maxLength(512));
/** Size of one axis. */
export const dimension = z.int().check(z.gte(0), z.lte(2 ** 31 - 1));

/** A tensor whose every dimension is known. */
export const tensorShape = z.object({
  name: tensorName,
  elementType,
  shape: z.array(dimension).check(z.maxLength(16)),
});
export type TensorShape = z.infer<typeof tensorShape>;

/** An input or output; `null` is a dimension that the caller chooses, such as the batch. */
export const portShape = z.object({
  name: tensorName,
  elementType,
  shape: z.array(z.nullable(dimension)).check(z.maxLength(16)),
});
export type PortShape = z.infer<typeof portShape>;

export const lineage = z.object({
  parentVersion: z.nullable(positiveInt),
  taskId: z.nullable(taskId),
  roundId: z.nullable(roundId),
  numUpdates: nonNegativeInt,
  numExamples: nonNegativeInt,
});
export type Lineage = z.infer<typeof lineage>;

/**
 * Everything a device needs to know about one immutable model version; itself a content-addressed JSON blob.
 * Graphs stay the same from version to version, so a round moves only this page and the checkpoint.
 */
export const modelManifest = z.object({
  format: z.literal(MANIFEST_FORMAT),
  model: modelName,
  version: positiveInt,
  graphs: z.object({
    infer: blobRef,
    train: z.optional(blobRef),
    eval: z.optional(blobRef),
    /**
     * Says which inputs an answer comes from: takes what `infer` takes, gives `<input>.attribution`. Not of every model,
     * and fetched only by devices that explain predictions.
     */
    attribution: z.optional(blobRef),
    /** The `modelTopology` of a TensorFlow.js layers model that computes the same, for devices with that engine. */
    layers: z.optional(blobRef),
  }),
  /** True when the layers model can also be trained as the train graph is: by plain SGD, on the plain loss. */
  layersTraining: z.optional(z.boolean()),
  /** safetensors with every tensor of `parameters`, and those of `state` that do not begin as zeros. */
  checkpoint: blobRef,
  parameters: z.array(tensorShape).check(z.maxLength(MAX_TENSORS)),
  /** Tensors that training carries along and that are not federated, such as a client optimizer's momentum. */
  state: z.array(tensorShape).check(z.maxLength(MAX_TENSORS)),
  inputs: z.array(portShape).check(z.minLength(1), z.maxLength(64)),
  outputs: z.array(portShape).check(z.minLength(1), z.maxLength(64)),
  target: z.optional(portShape),
  loss: z.optional(shortText),
  /** True when the train graph has `proximal_mu` and `<name>.anchor` inputs. */
  proximal: z.boolean(),
  /** Inputs and the outputs they must give, as one safetensors blob with names `inputs/<name>` and `outputs/<name>`. */
  golden: z.optional(z.object({ tensors: blobRef, tolerance: z.number().check(z.positive()) })),
  /**
   * Golden tensors with `features/<name>` for each feature of the profile; they prove a device's feature code, and stay
   * when training changes what the model answers.
   */
  goldenFeatures: z.optional(blobRef),
  /** What inputs and predictions looked like when the model was made: a `ReferenceProfile`. */
  profile: z.optional(blobRef),
  minRuntimeVersion: shortText,
  lineage,
});
export type ModelManifest = z.infer<typeof modelManifest>;

/** The checked manifest. Throws MANIFEST_INVALID naming the field. Unknown fields are dropped. */
export function decodeManifest(bytes: Uint8Array): ModelManifest {
  requireSize(bytes);
  return check(parse(bytes));
}

/**
 * Canonical bytes: the schema's field order, no white space, so that equal manifests have equal hashes.
 *
 * Throws MANIFEST_INVALID for what `decodeManifest` would refuse.
 */
export function encodeManifest(manifest: ModelManifest): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(JSON.stringify(check(manifest)));
  requireSize(bytes);
  return bytes;
}

/** Every file of the bundle but the manifest itself, each once. */
export function bundleFiles({
  graphs,
  checkpoint,
  golden,
  goldenFeatures,
  profile,
}: ModelManifest): BlobRef[] {
  const files = [
    ...Object.values(graphs).flatMap((graph) => graph ?? []),
    checkpoint,
    ...(golden === undefined ? [] : [golden.tensors]),
    ...[goldenFeatures, profile].flatMap((file) => file ?? []),
  ];
  return [...new Map(files.map((file) => [file.sha256, file])).values()];
}

/** Scalars in all tensors together. */
export function numScalars(tensors: readonly TensorShape[]): number {
  return tensors.reduce((sum, tensor) => sum + numValues(tensor.shape), 0);
}

function requireSize(bytes: Uint8Array): void {
  if (bytes.byteLength <= MAX_MANIFEST_BYTES) return;
  throw new FedgeError(
    "MANIFEST_INVALID",
    `manifest of ${bytes.byteLength} bytes; at most ${MAX_MANIFEST_BYTES}`,
  );
}

function check(value: unknown): ModelManifest {
  const manifest = decodeWith(modelManifest, value, { what: "model manifest", code: "MANIFEST_INVALID" });
  const { parameters, state, inputs, outputs } = manifest;
  if (numScalars(parameters) + numScalars(state) > MAX_PARAMETERS) {
    throw new FedgeError("MANIFEST_INVALID", `parameters and state have more than ${MAX_PARAMETERS} scalars`);
  }
  requireDistinctNames("parameters and state", [...parameters, ...state]);
  requireDistinctNames("inputs", inputs);
  requireDistinctNames("outputs", outputs);
  return manifest;
}

function requireDistinctNames(what: string, named: readonly { readonly name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of named) {
    if (names.has(name))
      throw new FedgeError("MANIFEST_INVALID", `model manifest: ${what} name "${name}" twice`);
    names.add(name);
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FedgeError("MANIFEST_INVALID", "model manifest: not UTF-8 JSON", { cause });
  }
}
