import type { GraphBuilder } from "../builder/graph-builder.js";
import type { TensorSpec } from "../model/tensor-spec.js";

export interface ParameterGradient {
  /** Name of the parameter, which is a graph input. */
  readonly parameter: string;
  /** Its gradient; already multiplied by -learning_rate when the optimizer asked for that. */
  readonly gradient: string;
}

export interface UpdateContext {
  readonly graph: GraphBuilder;
  /** Scalar of the parameters' element type. */
  readonly learningRate: string;
  readonly gradients: readonly ParameterGradient[];
  /** True when gradients start at -learning_rate instead of 1. */
  readonly isPrescaled: boolean;
  /** True when gradients are read elsewhere too, so that fusing them into the update would compute them twice. */
  readonly areGradientsShared: boolean;
}

/** An optimizer as graph nodes. To add one: write its file beside this one and list it in `registry.ts`. */
export interface Optimizer {
  /**
   * True when the update is linear in the gradient with factor -learning_rate. The backward pass then starts from
   * it, which saves a pass over every weight.
   */
  readonly isLinear: boolean;

  /** Tensors that the optimizer keeps between steps, with their initial values. */
  createState(parameters: readonly TensorSpec[]): readonly TensorSpec[];

  /** Emits the update and returns, for each parameter and state tensor, the value of its next state. */
  update(context: UpdateContext): ReadonlyMap<string, string>;
}
