import { FedgeError } from "@fedge/protocol";
import { GraphBuilder } from "../builder/graph-builder.js";
import { noteLayersTopology } from "../model/layers-topology.js";
import type { ElementType } from "../onnx/element-type.js";
import { encodeModel } from "../onnx/model.js";
import { OPERATORS } from "../operators/registry.js";
import { Conversion, type ConversionForm } from "./conversion.js";
import type { LayerConfig } from "./layer-config.js";
import { LayerWeights, type LayerWeight } from "./layer-weights.js";
import { convertLayer } from "./registry.js";
import { readTopology, type LayersGraph, type TensorRef } from "./topology.js";

/** The first opset with LayerNormalization; what every runtime of the last years reads. */
const OPSET = 17;

/** A TensorFlow.js layers model. */
export interface LayersModelSource {
  /** The `modelTopology`, or the whole `model.json` around it, as UTF-8 JSON. */
  readonly topology: Uint8Array;
  readonly weights: readonly LayerWeight[];
}

/** What a model is converted for. */
export interface ConversionOptions {
  /**
   * `inference` (the default) for any ONNX runtime; `training` for `buildTrainingGraphs`: batch normalization then
   * follows its batches, and dropout draws its masks. What the `infer` graph of that answers is the same.
   */
  readonly form?: ConversionForm;
}

/** A converted model. */
export interface ConvertedModel {
  /** Notes its topology, so that runtimes that build layers can do so. */
  readonly onnx: Uint8Array<ArrayBuffer>;
  /** Initializers of layers that are trainable, without moving statistics. */
  readonly trainable: readonly string[];
  /** Initializers of layers that are not. */
  readonly frozen: readonly string[];
}

/**
 * A layers model as ONNX: same inputs and outputs by name and layout (channels last), and for each weight an
 * initializer of the same name, shape and numbers.
 *
 * Throws `ONNX_UNSUPPORTED_OPERATOR` for a layer without an ONNX form, `ONNX_MALFORMED` and `ONNX_SHAPE_MISMATCH` for
 * a topology or weights that are damaged or do not belong together, each naming the layer, and `ONNX_LIMIT_EXCEEDED`.
 */
export function convertLayersModel(
  source: LayersModelSource,
  options: ConversionOptions = {},
): ConvertedModel {
  const model = readTopology(source.topology);
  const graph = new GraphBuilder({ opset: OPSET, operators: OPERATORS });
  const conversion = new Conversion(
    graph,
    new LayerWeights(graph, source.weights),
    options.form ?? "inference",
  );
  const inputs = model.inputs.map((ref) => addInput(conversion, model, ref));
  const outputs = new ModelRun(conversion, model, inputs)
    .outputs()
    .map((value) => conversion.activationLast(value));
  const names = outputNames(model);
  const graphOutputs = outputs.map((value, at) => ({ name: names[at] ?? value, value }));
  const onnx = encodeModel({
    ...{ irVersion: 8, producerName: "fedge", producerVersion: "", domain: "", modelVersion: undefined },
    ...{ docString: "", metadata: [], unknownFields: [] },
    graph: graph.build(model.name, graphOutputs),
    opsetImports: [{ domain: "", version: OPSET, unknownFields: [] }],
  });
  const topology = new TextDecoder().decode(source.topology);
  const { trainable, frozen } = conversion.weights;
  return { onnx: noteLayersTopology(onnx, topology), trainable, frozen };
}

function addInput(conversion: Conversion, model: LayersGraph, { layer }: TensorRef): string {
  const config = model.layers.get(layer)?.config;
  if (config === undefined)
    throw new FedgeError("ONNX_MALFORMED", `the model has no layer "${layer}" for its input`);
  const [, ...sizes] = config.inputShape();
  const shape = ["N", ...sizes.map((size, at) => size ?? `${layer}_${at + 1}`)];
  return conversion.graph.input(layer, inputType(config), shape);
}

function inputType(config: LayerConfig): ElementType {
  const dtype = config.optionalText("dtype") ?? "float32";
  if (dtype === "float32" || dtype === "int32" || dtype === "bool") return dtype;
  throw config.unsupported(`its dtype is "${dtype}"`);
}

/** tfjs calls an output as its layer; a layer that gives two gets numbers. */
function outputNames({ outputs }: LayersGraph): string[] {
  const seen = new Map<string, number>();
  return outputs.map(({ layer }) => {
    const count = seen.get(layer) ?? 0;
    seen.set(layer, count + 1);
    return count === 0 ? layer : `${layer}_${count}`;
  });
}

/** One run through a model's layers: of the whole, or of a model inside it at one of its calls. */
class ModelRun {
  readonly #values = new Map<string, readonly string[]>();
  readonly #underWay = new Set<string>();

  constructor(
    private readonly conversion: Conversion,
    private readonly model: LayersGraph,
    inputs: readonly string[],
  ) {
    if (inputs.length !== model.inputs.length) {
      const message = `model "${model.name}" takes ${model.inputs.length} inputs and is given ${inputs.length}`;
      throw new FedgeError("ONNX_MALFORMED", message);
    }
    model.inputs.forEach((ref, at) => this.#values.set(keyOf(ref), [inputs[at] ?? ""]));
  }

  outputs(): string[] {
    return this.model.outputs.map((ref) => this.#valueOf(ref));
  }

  #valueOf(ref: TensorRef): string {
    const key = keyOf(ref);
    const values = this.#values.get(key) ?? this.#call(key, ref);
    this.#values.set(key, values);
    const value = values[ref.output];
    if (value !== undefined) return value;
    throw new FedgeError("ONNX_MALFORMED", `layer "${ref.layer}" has no output ${ref.output}`);
  }

  #call(key: string, { layer, call }: TensorRef): readonly string[] {
    const node = this.model.layers.get(layer);
    if (node === undefined) throw new FedgeError("ONNX_MALFORMED", `the model has no layer "${layer}"`);
    if (this.#underWay.has(key)) throw node.config.fail("it takes what it gives: the model has a cycle");
    // A model's own first call is the one that defines it (Keras, Network.get_config).
    const refs = node.calls[node.model === undefined ? call : call - 1];
    if (refs === undefined) throw node.config.fail(`it is never called for the ${call + 1}. time`);
    this.#underWay.add(key);
    const inputs = refs.map((ref) => this.#valueOf(ref));
    this.#underWay.delete(key);
    if (node.model !== undefined) return new ModelRun(this.conversion, node.model, inputs).outputs();
    return convertLayer(this.conversion, node.config, inputs);
  }
}

function keyOf({ layer, call }: TensorRef): string {
  return `${call} ${layer}`;
}
