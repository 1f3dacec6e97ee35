import { unbroadcast } from "../gradient/broadcast.js";
import type { InferenceContext } from "../graph/inference-context.js";
import { broadcastShapes } from "../graph/shapes.js";
import { anonymousDim, type Dim } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";

/** Broadcasts to a shape; the gradient is summed over what was repeated. */
export const expand: Operator = {
  type: "Expand",
  unchangedSince: 8,
  differentiableInputs: [0],

  infer(context) {
    const type = context.type(0);
    return [type && { ...type, shape: expandedShape(context) }];
  },

  contents(context) {
    const value = context.contents(0);
    const shape = context.contents(1);
    const [length] = shape ?? [];
    if (value?.length !== 1 || shape?.length !== 1 || typeof length !== "number" || length > 64)
      return undefined;
    return Array.from({ length }, () => value[0] ?? 0);
  },

  gradient: (context) => [unbroadcast(context.graph, context.outputGradient(), context.input(0))],
};

function expandedShape(context: InferenceContext): readonly Dim[] | undefined {
  const shape = context.shape(0);
  const wanted = context.contents(1) ?? unknownDims(context);
  return shape === undefined || wanted === undefined ? undefined : broadcastShapes(context, [shape, wanted]);
}

function unknownDims(context: InferenceContext): readonly Dim[] | undefined {
  const rank = context.shape(1)?.[0];
  if (typeof rank !== "number" || rank > 64) return undefined;
  return Array.from({ length: rank }, (_, index) => anonymousDim(context.node.outputs[0] ?? "", index));
}
