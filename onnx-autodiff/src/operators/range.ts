import { anonymousDim } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";

/** Numbers from start by step to before the limit. Known for the indices that exporters compute. */
export const range: Operator = {
  type: "Range",
  unchangedSince: 11,
  differentiableInputs: [],

  infer(context) {
    const type = context.type(0);
    const numbers = rangeOf([0, 1, 2].map((index) => context.contents(index)?.[0]));
    return [type && { ...type, shape: [numbers?.length ?? anonymousDim(context.node.outputs[0] ?? "", 0)] }];
  },

  contents: (context) => rangeOf([0, 1, 2].map((index) => context.contents(index)?.[0])),
};

function rangeOf(bounds: readonly (number | string | undefined)[]): readonly number[] | undefined {
  const [start, limit, step] = bounds;
  if (typeof start !== "number" || typeof limit !== "number" || typeof step !== "number" || step === 0)
    return undefined;
  const length = Math.max(0, Math.ceil((limit - start) / step));
  return length > 4096 ? undefined : Array.from({ length }, (_, index) => start + index * step);
}
