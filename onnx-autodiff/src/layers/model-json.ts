import { FedgeError } from "@fedge/protocol";
import type { LayersModelSource } from "./convert-layers-model.js";
import type { LayerWeight } from "./layer-weights.js";
import { isObject, malformed, parseJson } from "./topology.js";
import { decodeWeight, storedBytes, type WeightEntry } from "./weight-encoding.js";

const MAX_WEIGHTS = 100_000;
const MAX_FILES = 10_000;

interface Group {
  readonly paths: readonly string[];
  readonly weights: readonly WeightEntry[];
}

/**
 * The files beside a `model.json` that hold its weights, in the order of the manifest; relative, without "..".
 *
 * Throws `ONNX_MALFORMED` for what is no `model.json` of a layers model, or names files elsewhere.
 */
export function weightPathsOf(modelJson: Uint8Array): readonly string[] {
  return groupsOf(modelJson).flatMap(({ paths }) => paths);
}

/**
 * A layers model from its `model.json` and the contents of its weight files, by the paths in it. Weights that were
 * quantized when they were saved are float32 again.
 *
 * Throws `ONNX_MALFORMED` naming the weight for files that are missing or too short, and for types that are no numbers.
 * Source: ModelJSON and WeightsManifestConfig of @tensorflow/tfjs-core, io/types.ts.
 */
export function readLayersModel(
  modelJson: Uint8Array,
  files: ReadonlyMap<string, Uint8Array>,
): LayersModelSource {
  return { topology: modelJson, weights: groupsOf(modelJson).flatMap((group) => readGroup(group, files)) };
}

function groupsOf(modelJson: Uint8Array): Group[] {
  const file = parseJson(modelJson, "the model.json");
  const manifest = isObject(file) ? file["weightsManifest"] : undefined;
  if (!isObject(file) || !("modelTopology" in file) || !Array.isArray(manifest)) {
    throw malformed(
      "the file has no modelTopology or no weightsManifest; pass a model.json of a tfjs layers model",
    );
  }
  if (file["format"] === "graph-model") {
    throw malformed("the file is a tfjs graph model; convert the Keras model to a layers model, or to ONNX");
  }
  const groups = manifest.map(readGroupEntry);
  const numFiles = groups.reduce((sum, { paths }) => sum + paths.length, 0);
  const numWeights = groups.reduce((sum, { weights }) => sum + weights.length, 0);
  if (numFiles <= MAX_FILES && numWeights <= MAX_WEIGHTS) return groups;
  throw new FedgeError("ONNX_LIMIT_EXCEEDED", `the model has ${numWeights} weights in ${numFiles} files`);
}

function readGroupEntry(value: unknown): Group {
  const { paths, weights } = (isObject(value) ? value : {}) as { paths?: unknown; weights?: unknown };
  if (!Array.isArray(paths) || !Array.isArray(weights)) {
    throw malformed("the weightsManifest has a group without paths or weights");
  }
  return { paths: paths.map(readPath), weights: weights.map(readEntry) };
}

/** A file in the same directory or below it. */
function readPath(value: unknown): string {
  const isInside =
    typeof value === "string" &&
    value !== "" &&
    value.length < 1000 &&
    !/^[a-z]+:|^[/\\]|[\0\\]/i.test(value) &&
    !value.split("/").includes("..");
  if (isInside) return value;
  throw malformed(`${JSON.stringify(value)?.slice(0, 200)} is no file beside the model.json`);
}

function readEntry(value: unknown): WeightEntry {
  const { name, shape, dtype, quantization } = (isObject(value) ? value : {}) as Record<string, unknown>;
  const isSize = (size: unknown): boolean => Number.isSafeInteger(size) && Number(size) >= 0;
  if (typeof name !== "string" || name === "" || name.length > 512) throw malformed("a weight has no name");
  if (!Array.isArray(shape) || shape.length > 16 || !shape.every(isSize)) {
    throw malformed(`weight "${name}" has no shape`);
  }
  if (typeof dtype !== "string") throw malformed(`weight "${name}" has no dtype`);
  return {
    name,
    shape: shape as number[],
    dtype,
    quantization: isObject(quantization) ? quantization : undefined,
  };
}

function readGroup({ paths, weights }: Group, files: ReadonlyMap<string, Uint8Array>): LayerWeight[] {
  const bytes = joined(paths, files);
  let offset = 0;
  return weights.map((entry) => {
    const sizeBytes = storedBytes(entry);
    // Compared before anything is allocated for what the file only announces.
    if (sizeBytes > bytes.length - offset) {
      throw malformed(`the weight files end before weight "${entry.name}" does; pass all of them, whole`);
    }
    const data = decodeWeight(entry, bytes.subarray(offset, offset + sizeBytes));
    offset += sizeBytes;
    return { name: entry.name, shape: entry.shape, data };
  });
}

function joined(paths: readonly string[], files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const parts = paths.map((path) => {
    const part = files.get(path);
    if (part === undefined)
      throw malformed(`the weight file "${path}" is missing; put it beside the model.json`);
    return part;
  });
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
