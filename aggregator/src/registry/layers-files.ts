import { FedgeError, type NamedTensor } from "@fedge/protocol";

/** Files of a TensorFlow.js layers model, as `tf.loadLayersModel` takes them from one directory. */
export const LAYERS_FILES = ["model.json", "weights.bin"] as const;
export type LayersFile = (typeof LAYERS_FILES)[number];

const DTYPES: Readonly<Partial<Record<NamedTensor["elementType"], string>>> = {
  float32: "float32",
  int32: "int32",
  bool: "bool",
};

/**
 * `model.json`: the topology, and which bytes of `weights.bin` are which weight.
 *
 * Throws DATA_CORRUPT when the topology is no JSON object, or a weight has a type that the format does not know.
 * Source: ModelJSON and WeightsManifestConfig of @tensorflow/tfjs-core, io/types.ts.
 */
export function layersModelJson(topology: Uint8Array, weights: readonly NamedTensor[]): Uint8Array {
  const modelTopology = parseTopology(topology);
  const manifest = weights.map(({ name, shape, elementType }) => {
    const dtype = DTYPES[elementType];
    if (dtype === undefined) {
      throw new FedgeError(
        "DATA_CORRUPT",
        `weight "${name}" is ${elementType}, which tfjs layers do not have`,
      );
    }
    return { name, shape, dtype };
  });
  const file = {
    format: "layers-model",
    generatedBy: "fedge",
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: ["weights.bin" satisfies LayersFile], weights: manifest }],
  };
  return new TextEncoder().encode(JSON.stringify(file));
}

/** `weights.bin`: the weights one after the other, little-endian, in the order of the manifest. */
export function layersWeights(weights: readonly NamedTensor[]): Uint8Array {
  const bytes = new Uint8Array(weights.reduce((sum, { data }) => sum + data.byteLength, 0));
  let offset = 0;
  for (const { data } of weights) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/** The topology itself, also where the whole `model.json` around it was stored. */
function parseTopology(bytes: Uint8Array): object {
  const value = parse(bytes);
  const inner = isObject(value) && "modelTopology" in value ? value["modelTopology"] : value;
  if (isObject(inner)) return inner;
  throw new FedgeError(
    "DATA_CORRUPT",
    "the stored layers topology is no JSON object; import the model again",
  );
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const message = "the stored layers topology is not UTF-8 JSON; import the model again";
    throw new FedgeError("DATA_CORRUPT", message, { cause });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
