import type { GraphBuilder } from "../builder/graph-builder.js";
import type { Attributes } from "../onnx/attributes.js";
import type { LayerConfig } from "./layer-config.js";
import type { LayerWeights } from "./layer-weights.js";

/** What the model is converted for: to answer, or to be trained by `buildTrainingGraphs`. */
export type ConversionForm = "inference" | "training";

/** A layer's call: the values that it takes, in order. Gives the values of its outputs. */
export type LayerConverter = (
  conversion: Conversion,
  layer: LayerConfig,
  inputs: readonly string[],
) => readonly string[];

/**
 * The graph that layers are written into. Values have tfjs's layout, channels last; a value that a convolution gave is
 * known in both layouts, so that layers in a row do not transpose between each other.
 */
export class Conversion {
  /** Values with the channels last to the same ones with the channels first. */
  readonly #channelsFirst = new Map<string, string>();

  constructor(
    readonly graph: GraphBuilder,
    readonly weights: LayerWeights,
    readonly form: ConversionForm,
  ) {}

  op(type: string, inputs: readonly string[], attributes?: Attributes): string {
    return this.graph.op(type, inputs, attributes);
  }

  integers(values: readonly number[]): string {
    return this.graph.constant(values, "int64");
  }

  scalar(value: number): string {
    return this.graph.constant(value, "float32");
  }

  /** Sizes of the axes; null where the caller chooses. */
  shapeOf(value: string): (number | null)[] {
    return this.graph.requireShape(value).map((size) => (typeof size === "number" ? size : null));
  }

  rankOf(value: string): number {
    return this.graph.requireShape(value).length;
  }

  /** Size of the last axis. Throws `ONNX_MALFORMED` when it is not known. */
  channelsOf(layer: LayerConfig, value: string): number {
    const size = this.shapeOf(value).at(-1);
    if (typeof size === "number") return size;
    throw layer.fail("the size of its input's last axis is not known");
  }

  transpose(value: string, perm: readonly number[]): string {
    return this.op("Transpose", [value], { perm });
  }

  /** [N, …, C] as [N, C, …]. */
  channelsFirst(value: string): string {
    const rank = this.rankOf(value);
    const known = this.#channelsFirst.get(value);
    if (known !== undefined || rank < 3) return known ?? value;
    const spatial = Array.from({ length: rank - 2 }, (_, axis) => axis + 1);
    return this.transpose(value, [0, rank - 1, ...spatial]);
  }

  /** [N, C, …] as [N, …, C]. */
  channelsLast(value: string): string {
    const rank = this.rankOf(value);
    if (rank < 3) return value;
    const spatial = Array.from({ length: rank - 2 }, (_, axis) => axis + 2);
    const turned = this.transpose(value, [0, ...spatial, 1]);
    this.#channelsFirst.set(turned, value);
    return turned;
  }

  /** The value with a sigmoid at its end as the last node, where a loss finds it that contains the sigmoid. */
  activationLast(value: string): string {
    const producer = this.graph.producerOf(this.#channelsFirst.get(value) ?? "");
    const [input] = producer?.inputs ?? [];
    if (producer?.opType !== "Sigmoid" || input === undefined) return value;
    return this.op("Sigmoid", [this.channelsLast(input)]);
  }

  /** Applies what works on each number alone in the layout that the value was made in. */
  elementwise(value: string, apply: (value: string) => string): string {
    const twin = this.#channelsFirst.get(value);
    return twin === undefined ? apply(value) : this.channelsLast(apply(twin));
  }
}
