import type { InferenceContext } from "../../graph/inference-context.js";
import type { Dim, TensorType } from "../../graph/tensor-type.js";
import { anonymousDim } from "../../graph/tensor-type.js";
import type { NodeProto } from "../../onnx/proto.js";

/** Inputs of RNN, GRU and LSTM by position. */
export const INPUT = { x: 0, w: 1, r: 2, b: 3, lengths: 4, initialH: 5, initialC: 6, peepholes: 7 } as const;

/** How many directions a node runs in: the first forward unless the node says `reverse`. */
export function directionsOf(context: InferenceContext): readonly { readonly isReverse: boolean }[] {
  const direction = context.text("direction", "forward");
  if (direction === "bidirectional") return [{ isReverse: false }, { isReverse: true }];
  return [{ isReverse: direction === "reverse" }];
}

/** Units of a cell: the attribute, else the last dim of the recurrence weight. */
export function hiddenSizeOf(context: InferenceContext): number | undefined {
  const size = context.int("hidden_size", 0);
  const last = context.shape(INPUT.r)?.at(-1);
  return size > 0 ? size : typeof last === "number" ? last : undefined;
}

/** Types of the outputs: Y [steps, directions, batch, hidden], then `numStates` of [directions, batch, hidden]. */
export function recurrentTypes(
  context: InferenceContext,
  numStates: number,
): readonly (TensorType | undefined)[] {
  const type = context.type(INPUT.x);
  if (type?.shape === undefined) return [type];
  const [steps = 1, batch = 1] = type.shape;
  const hidden: Dim = hiddenSizeOf(context) ?? anonymousDim(context.node.outputs[0] ?? "", 3);
  const directions = directionsOf(context).length;
  const state = { ...type, shape: [directions, batch, hidden] };
  return [
    { ...type, shape: [steps, directions, batch, hidden] },
    ...Array.from({ length: numStates }, () => state),
  ];
}

/** The gradient needs every step's hidden state, so the train graph always keeps them. */
export function keepSequence({ node }: InferenceContext): readonly NodeProto[] {
  const [sequence = "", ...states] = node.outputs;
  if (sequence !== "") return [node];
  const named = states.find((name) => name !== "") ?? node.name;
  return [{ ...node, outputs: [`${named}/sequence`, ...states] }];
}

/** Fails for the variants of a recurrent node whose gradient is not known. */
export function requireDifferentiable(context: InferenceContext): void {
  const refuse = (cause: string, remedy: string): never =>
    context.fail("ONNX_UNSUPPORTED_OPERATOR", `${cause}, so it cannot be differentiated`, remedy);
  if (context.inputName(INPUT.lengths) !== undefined) {
    refuse("it takes sequence lengths", "export the model without packed sequences");
  }
  if (context.float("clip", 0) !== 0) refuse("it clips its gates", "remove the attribute clip");
  if (context.int("layout", 0) !== 0) refuse("its batch comes first (layout 1)", "export it with layout 0");
  if (context.int("input_forget", 0) !== 0) {
    refuse("it couples the input and forget gates", "export it with input_forget 0");
  }
}

/** Multiply-adds of all steps for one example. */
export function recurrentMultiplyAdds(context: InferenceContext, numGates: number): number {
  const [steps, , features] = context.shape(INPUT.x) ?? [];
  const hidden = hiddenSizeOf(context) ?? 1;
  const count = (dim: Dim | undefined): number => (typeof dim === "number" ? dim : 1);
  return directionsOf(context).length * count(steps) * numGates * hidden * (count(features) + hidden);
}
