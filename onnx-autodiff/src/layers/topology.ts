import { FedgeError } from "@fedge/protocol";
import { LayerConfig, MAX_DEPTH } from "./layer-config.js";

/** Classes whose layers are models themselves. */
const MODEL_CLASSES: readonly string[] = ["Sequential", "Functional", "Model"];
const MAX_LAYERS = 10_000;

/** One output of one call of a layer. */
export interface TensorRef {
  readonly layer: string;
  /** Number of the call, from 0. */
  readonly call: number;
  /** Number of the output, from 0. */
  readonly output: number;
}

/** A layer, and what each of its calls takes. */
export interface LayerNode {
  readonly config: LayerConfig;
  /** Of a layer that is a model itself. */
  readonly model: LayersGraph | undefined;
  readonly calls: readonly (readonly TensorRef[])[];
}

/** The layers of a model as a graph of calls. */
export interface LayersGraph {
  readonly name: string;
  /** By name, in the topology's order. */
  readonly layers: ReadonlyMap<string, LayerNode>;
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
}

/**
 * The model of a `modelTopology`, or of the whole `model.json` around it, as UTF-8 JSON.
 *
 * Throws `ONNX_MALFORMED` for bytes that are no layers topology, naming the layer at fault, and `ONNX_LIMIT_EXCEEDED`.
 */
export function readTopology(bytes: Uint8Array): LayersGraph {
  const model = unwrap(parseJson(bytes, "the layers topology"), 0);
  if (!isObject(model) || !MODEL_CLASSES.includes(String(model["class_name"]))) {
    throw malformed(
      "the layers topology holds no Sequential, Functional or Model; pass a model.json of tfjs layers",
    );
  }
  return readModel(LayerConfig.of(model), 0);
}

/** The JSON value of UTF-8 bytes. Throws `ONNX_MALFORMED`. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FedgeError("ONNX_MALFORMED", `${what} is not UTF-8 JSON; pass a model.json of tfjs layers`, {
      cause,
    });
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function malformed(message: string): FedgeError {
  return new FedgeError("ONNX_MALFORMED", message);
}

function unwrap(value: unknown, depth: number): unknown {
  if (!isObject(value) || depth > MAX_DEPTH) return value;
  if ("modelTopology" in value) return unwrap(value["modelTopology"], depth + 1);
  return "model_config" in value ? unwrap(value["model_config"], depth + 1) : value;
}

function readModel(config: LayerConfig, depth: number): LayersGraph {
  if (depth > MAX_DEPTH) {
    throw new FedgeError(
      "ONNX_LIMIT_EXCEEDED",
      `models are nested more than ${MAX_DEPTH} deep; flatten the model`,
    );
  }
  const layers = config.className === "Sequential" ? config.sequentialLayers() : config.objects("layers");
  if (layers.length === 0 || layers.length > MAX_LAYERS) {
    throw malformed(`model "${config.name}" has ${layers.length} layers; 1 to ${MAX_LAYERS} are supported`);
  }
  return config.className === "Sequential" ? chain(config, layers, depth) : graph(config, layers, depth);
}

function nodeOf(config: LayerConfig, depth: number, calls: LayerNode["calls"]): LayerNode {
  const isModel = MODEL_CLASSES.includes(config.className);
  return { config, model: isModel ? readModel(config, depth + 1) : undefined, calls };
}

/** Each layer takes what the one before gives; the input layer is left out of most files. */
function chain(config: LayerConfig, values: readonly unknown[], depth: number): LayersGraph {
  const configs = values.map((value) => LayerConfig.of(value));
  const [first] = configs;
  const given = first?.className === "InputLayer" ? [] : [inputBefore(first as LayerConfig)];
  const all = [...given, ...configs];
  const refs = all.map(({ name }): TensorRef => ({ layer: name, call: 0, output: 0 }));
  const nodes = all.map((layer, at) => nodeOf(layer, depth, at === 0 ? [] : [[refs[at - 1] as TensorRef]]));
  return { name: config.name, layers: byName(nodes), inputs: refs.slice(0, 1), outputs: refs.slice(-1) };
}

/** tfjs names it after the layer behind it. */
function inputBefore(layer: LayerConfig): LayerConfig {
  const shape = layer.inputShape();
  const inner = layer.className === "Embedding" ? "int32" : (layer.optionalText("dtype") ?? "float32");
  return LayerConfig.of({
    class_name: "InputLayer",
    config: { name: `${layer.name}_input`, batch_input_shape: shape, dtype: inner },
  });
}

function graph(config: LayerConfig, values: readonly unknown[], depth: number): LayersGraph {
  const nodes = values.map((value) => {
    const layer = LayerConfig.of(value);
    return nodeOf(layer, depth, readCalls(layer, isObject(value) ? value["inbound_nodes"] : undefined));
  });
  return {
    name: config.name,
    layers: byName(nodes),
    inputs: readRefs(config, "input_layers"),
    outputs: readRefs(config, "output_layers"),
  };
}

function byName(nodes: readonly LayerNode[]): ReadonlyMap<string, LayerNode> {
  const layers = new Map(nodes.map((node) => [node.config.name, node]));
  if (layers.size === nodes.length) return layers;
  throw malformed("two layers of the model have the same name; rename one");
}

function readRefs(config: LayerConfig, key: "input_layers" | "output_layers"): TensorRef[] {
  const values = config.list(key);
  // A single one may stand without a list around it.
  const refs = typeof values[0] === "string" ? [values] : values;
  return refs.map((ref) => readRef(config, ref));
}

function readCalls(layer: LayerConfig, value: unknown): TensorRef[][] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw layer.fail("its inbound_nodes are no list");
  return value.map((call: unknown) => {
    if (!Array.isArray(call)) {
      throw layer.fail("its inbound_nodes are of a newer Keras; write the model with tfjs, or with Keras 2");
    }
    return call.map((ref: unknown) => readRef(layer, ref));
  });
}

function readRef(layer: LayerConfig, value: unknown): TensorRef {
  const [name, call, output] = (Array.isArray(value) ? value : []) as unknown[];
  const isIndex = (index: unknown): index is number => Number.isSafeInteger(index) && Number(index) >= 0;
  if (typeof name === "string" && isIndex(call) && isIndex(output)) return { layer: name, call, output };
  throw layer.fail(`${JSON.stringify(value)?.slice(0, 80)} names no output of a layer`);
}
