import { FedgeError } from "@fedge/protocol";
import type { GraphBuilder } from "../builder/graph-builder.js";
import type { LayerConfig } from "./layer-config.js";

/** A weight of a layers model under its name there, such as `dense/kernel`. */
export interface LayerWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * The weights of a model as initializers of a graph: each once, under the name, with the shape and the numbers that
 * tfjs gives it, so that one checkpoint serves the model in both forms.
 */
export class LayerWeights {
  readonly #byName: ReadonlyMap<string, LayerWeight>;
  readonly #trainable = new Set<string>();
  readonly #frozen = new Set<string>();
  readonly #statistics = new Set<string>();

  /** Throws `ONNX_MALFORMED` for two weights with the same name, `ONNX_SHAPE_MISMATCH` for one of another size. */
  constructor(
    private readonly graph: GraphBuilder,
    weights: readonly LayerWeight[],
  ) {
    this.#byName = new Map(weights.flatMap((weight) => namesOf(weight.name).map((name) => [name, weight])));
    const given = new Set(weights.map(({ name }) => name));
    if (given.size !== weights.length) {
      throw new FedgeError("ONNX_MALFORMED", "two weights of the layers model have the same name");
    }
    // A name as it was given counts for more than a shortened one.
    for (const weight of weights) (this.#byName as Map<string, LayerWeight>).set(weight.name, weight);
    for (const { name, shape, data } of weights) {
      if (data.length === shape.reduce((product, size) => product * size, 1)) continue;
      const message = `weight "${name}" has ${data.length} numbers for the shape [${shape.join(", ")}]`;
      throw new FedgeError("ONNX_SHAPE_MISMATCH", message);
    }
  }

  /** Initializers that gradients change: those of trainable layers, without moving statistics. */
  get trainable(): readonly string[] {
    return [...this.#trainable];
  }

  /** Initializers of layers that are not trainable. */
  get frozen(): readonly string[] {
    return [...this.#frozen];
  }

  /** The weight `<layer>/<part>`, of exactly this shape. Throws `ONNX_MALFORMED` or `ONNX_SHAPE_MISMATCH`. */
  get(layer: LayerConfig, part: string, shape: readonly number[], isTrained = true): string {
    const name = `${layer.name}/${part}`;
    if ([this.#trainable, this.#frozen, this.#statistics].some((names) => names.has(name))) return name;
    const weight = this.#byName.get(name);
    if (weight === undefined) throw layer.fail(`the weights have no "${name}"; pass those of this model`);
    if (weight.shape.length !== shape.length || weight.shape.some((size, axis) => size !== shape[axis])) {
      const sizes = `[${weight.shape.join(", ")}] instead of [${shape.join(", ")}]`;
      throw layer.fail(`its weight "${name}" has the shape ${sizes}`, "ONNX_SHAPE_MISMATCH");
    }
    this.#kind(layer, isTrained).add(name);
    return this.graph.initializer(name, { elementType: "float32", shape: [...shape], data: weight.data });
  }

  #kind(layer: LayerConfig, isTrained: boolean): Set<string> {
    if (!layer.flag("trainable", true)) return this.#frozen;
    return isTrained ? this.#trainable : this.#statistics;
  }
}

/** Keras puts the cell's name between that of a recurrent layer and its weight's: `lstm/lstm_cell/kernel`. */
function namesOf(name: string): string[] {
  const parts = name.split("/");
  return parts.length < 3 ? [name] : [name, [...parts.slice(0, -2), parts.at(-1)].join("/")];
}
