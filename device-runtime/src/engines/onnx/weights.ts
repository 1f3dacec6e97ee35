import {
  FedgeError,
  flattenTensors,
  hash32,
  numValues,
  type NamedTensor,
  type TensorShape,
} from "@fedge/protocol";
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { OnnxRuntime } from "./runtime.js";

/** State of train graphs with dropout: a whole number that a float32 counts on from. */
const DROPOUT_SEED = "dropout.seed";
const SEED_RANGE = 2 ** 23;

export interface WeightSpecs {
  readonly parameters: readonly TensorShape[];
  readonly state: readonly TensorShape[];
}

/**
 * Parameters and client state on their way through the steps: what one step gives, the next one takes. The base is
 * only read. Steps return new tensors: writing into given ones is slower with `onnxruntime-node` (1.30; 1.8 million
 * parameters: 5.2 ms instead of 4.1 ms a step), and `onnxruntime-web` leaves given ones as they were.
 */
export class Weights {
  readonly #base: ReadonlyMap<string, NamedTensor>;
  #current: Readonly<Record<string, Tensor>>;
  /** Whether a step gave what is held now, and nobody else reads it. */
  #areOwn = false;

  /** Throws TRAINING_FAILED when the checkpoint lacks a parameter, or has a tensor of another type or size. */
  constructor(
    private readonly runtime: OnnxRuntime,
    private readonly specs: WeightSpecs,
    checkpoint: readonly NamedTensor[],
  ) {
    this.#base = new Map(checkpoint.map((tensor) => [tensor.name, tensor]));
    const parameters = specs.parameters.map((spec) => [spec.name, this.#baseTensor(spec)] as const);
    const state = specs.state.map((spec) => [spec.name, this.#initialState(spec)] as const);
    this.#current = Object.fromEntries([...parameters, ...state]);
  }

  feeds(): Readonly<Record<string, Tensor>> {
    return this.#current;
  }

  /** The base values under the names of the FedProx term's inputs: of those parameters that the graph has one for. */
  anchors(inputNames: readonly string[]): Record<string, Tensor> {
    const anchored = this.specs.parameters.filter((spec) => inputNames.includes(`${spec.name}.anchor`));
    return Object.fromEntries(anchored.map((spec) => [`${spec.name}.anchor`, this.#baseTensor(spec)]));
  }

  /** Begins the graph's random numbers elsewhere than at the checkpoint's seed, where it draws any. */
  seed(seed: string): void {
    if (!(DROPOUT_SEED in this.#current)) return;
    const value = hash32(seed) % SEED_RANGE;
    const tensor = new this.runtime.Tensor("float32", Float32Array.of(value), []);
    this.#current = { ...this.#current, [DROPOUT_SEED]: tensor };
  }

  /** Takes the `<name>.next` outputs of a step. Throws ENGINE_FAILED when the train graph lacks one. */
  advance(outputs: InferenceSession.OnnxValueMapType): void {
    const before = this.#current;
    const names = Object.keys(before);
    this.#current = Object.fromEntries(names.map((name) => [name, outputOf(outputs, `${name}.next`)]));
    if (this.#areOwn) freeAll(Object.values(before));
    this.#areOwn = true;
  }

  /** Local minus base parameters, flat, in the order of the specs. */
  delta(): Float32Array {
    const { parameters } = this.specs;
    const delta = flattenTensors(
      parameters,
      parameters.map((spec) => this.#local(spec)),
    );
    const base = flattenTensors(parameters, this.#base);
    for (let at = 0; at < delta.length; at += 1) delta[at] = (delta[at] as number) - (base[at] as number);
    return delta;
  }

  #local({ name, shape }: TensorShape): NamedTensor {
    const data = this.#current[name]?.data as Float32Array;
    return { name, elementType: "float32", shape, data };
  }

  /** State that begins at zero is in no checkpoint: of Adam that would be twice the parameters. */
  #initialState(spec: TensorShape): Tensor {
    if (this.#base.has(spec.name)) return this.#baseTensor(spec);
    return new this.runtime.Tensor("float32", new Float32Array(numValues(spec.shape)), spec.shape);
  }

  #baseTensor({ name, shape }: TensorShape): Tensor {
    const tensor = this.#base.get(name);
    if (!(tensor?.data instanceof Float32Array) || tensor.data.length !== numValues(shape)) {
      throw new FedgeError(
        "TRAINING_FAILED",
        `the checkpoint has no float32 tensor "${name}" of shape [${shape}]`,
      );
    }
    return new this.runtime.Tensor("float32", tensor.data, shape);
  }
}

/** What engines of 2024 and later have (ES2024, ArrayBuffer.prototype.transfer). */
type Movable = ArrayBufferLike & { readonly transfer?: (sizeBytes: number) => ArrayBuffer };

/**
 * Gives the memory back now, and not when the collector comes by: the next step's outputs then find room that is there,
 * where each would otherwise be fresh pages. In a page that was half of a step of 200,000 parameters.
 */
function freeAll(tensors: readonly Tensor[]): void {
  for (const { data } of tensors) {
    const buffer: Movable | null = ArrayBuffer.isView(data) ? data.buffer : null;
    buffer?.transfer?.(0);
  }
}

/** An output of a step by name. Throws ENGINE_FAILED when the train graph lacks it. */
export function outputOf(outputs: InferenceSession.OnnxValueMapType, name: string): Tensor {
  const output = outputs[name];
  if (output === undefined) throw new FedgeError("ENGINE_FAILED", `the train graph has no output "${name}"`);
  return output as Tensor;
}
