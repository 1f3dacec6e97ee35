import type { InferenceContext } from "../graph/inference-context.js";
import type { Dim } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";

/** `start` and `end` exist since opset 15. */
export const shape: Operator = {
  type: "Shape",
  unchangedSince: 1,
  differentiableInputs: [],

  infer(context) {
    const dims = slicedDims(context);
    return [{ elementType: "int64", shape: dims === undefined ? undefined : [dims.length] }];
  },

  contents: slicedDims,
};

function slicedDims(context: InferenceContext): readonly Dim[] | undefined {
  const dims = context.shape(0);
  return dims?.slice(context.int("start", 0), context.int("end", dims.length));
}
