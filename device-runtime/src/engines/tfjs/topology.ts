import { FedgeError } from "@fedge/protocol";

/** A layer or model of a layers topology, as Keras writes it. */
export interface LayerConfig {
  class_name: string;
  config: Record<string, unknown>;
}

const MODEL_CLASSES: readonly string[] = ["Sequential", "Functional", "Model"];

/** Layers whose `activation` is the last thing they do. */
const ENDS_WITH_ACTIVATION: readonly string[] = [
  ...["Activation", "Dense", "Conv1D", "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D"],
];

/**
 * The model of a `modelTopology` (or of the whole `model.json` around it). Initializers are replaced by zeros, because
 * the weights come from the checkpoint; an orthogonal one alone takes seconds.
 *
 * Throws ENGINE_FAILED for bytes that are no layers topology.
 */
export function readTopology(bytes: Uint8Array): LayerConfig {
  const model = unwrap(parse(bytes));
  if (!isLayer(model) || !MODEL_CLASSES.includes(model.class_name)) {
    throw new FedgeError("ENGINE_FAILED", "the layers topology holds no layers model");
  }
  replaceInitializers(model.config);
  return model;
}

/**
 * Takes a final activation off, because the loss contains it in a form that neither overflows nor loses small
 * probabilities. A model that ends otherwise stays as it is, and the loss takes its output for logits.
 */
export function withoutFinalActivation(model: LayerConfig, activation: "softmax" | "sigmoid"): void {
  const last = lastLayer(model);
  if (last === undefined) return;
  if (MODEL_CLASSES.includes(last.class_name)) return withoutFinalActivation(last, activation);
  if (last.class_name === "Softmax" && activation === "softmax") return replaceSoftmax(last);
  const end = last.class_name === "TimeDistributed" ? last.config["layer"] : last;
  if (!isLayer(end) || !ENDS_WITH_ACTIVATION.includes(end.class_name)) return;
  if (end.config["activation"] === activation) end.config["activation"] = "linear";
}

/** Whatever its axis says, it is the last one: tfjs runs no other softmax. */
function replaceSoftmax(layer: LayerConfig): void {
  layer.class_name = "Activation";
  layer.config = { name: layer.config["name"], activation: "linear" };
}

/** The layer that gives the model's only output. */
function lastLayer({ class_name, config }: LayerConfig): LayerConfig | undefined {
  const layers = (Array.isArray(config) ? config : config["layers"]) as unknown;
  if (!Array.isArray(layers)) return undefined;
  const known = layers.filter(isLayer);
  if (class_name === "Sequential") return known.at(-1);
  const outputs = config["output_layers"];
  const name: unknown = Array.isArray(outputs) && outputs.length === 1 ? [outputs].flat(2)[0] : undefined;
  return known.find((layer) => layer.config["name"] === name);
}

function unwrap(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("modelTopology" in value) return unwrap(value.modelTopology);
  return "model_config" in value ? unwrap(value.model_config) : value;
}

function isLayer(value: unknown): value is LayerConfig {
  if (typeof value !== "object" || value === null) return false;
  const { class_name: className, config } = value as Partial<LayerConfig>;
  return typeof className === "string" && typeof config === "object" && config !== null;
}

function replaceInitializers(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    if (key.endsWith("_initializer") && part !== null) {
      (value as Record<string, unknown>)[key] = { class_name: "Zeros", config: {} };
    } else {
      replaceInitializers(part);
    }
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FedgeError("ENGINE_FAILED", "the layers topology is not UTF-8 JSON", { cause });
  }
}
