import type { GraphBuilder } from "../builder/graph-builder.js";
import type { InferenceContext } from "../graph/inference-context.js";
import type { NodeProto } from "../onnx/proto.js";

/** A node of the forward pass whose gradient is being built. */
export class GradientContext {
  readonly #outputGradients: readonly (string | undefined)[];
  readonly #neededInputs: ReadonlySet<number>;

  constructor(
    /** Where gradient rules emit their nodes. */
    readonly graph: GraphBuilder,
    /** Attributes and types of the node. */
    readonly inference: InferenceContext,
    gradients: {
      readonly outputs: readonly (string | undefined)[];
      readonly neededInputs: ReadonlySet<number>;
    },
  ) {
    this.#outputGradients = gradients.outputs;
    this.#neededInputs = gradients.neededInputs;
  }

  get node(): NodeProto {
    return this.inference.node;
  }

  /** Name of a present input. */
  input(index: number): string {
    return (
      this.inference.inputName(index) ??
      this.inference.fail("ONNX_INVALID_GRAPH", `input ${index} is absent`, "add it")
    );
  }

  output(index = 0): string {
    return this.node.outputs[index] ?? "";
  }

  /** Gradient of the loss with respect to output `index`, which must be used by the loss. */
  outputGradient(index = 0): string {
    return (
      this.#outputGradients[index] ??
      this.inference.fail(
        "ONNX_UNSUPPORTED_OPERATOR",
        `no gradient reaches output ${index}`,
        "use its first output",
      )
    );
  }

  /** As `outputGradient`; undefined when the loss does not use output `index`. */
  optionalOutputGradient(index: number): string | undefined {
    return this.#outputGradients[index];
  }

  /** True when a trained parameter is behind input `index`. */
  needs(index: number): boolean {
    return this.#neededInputs.has(index);
  }
}
