import type { Dim } from "../graph/tensor-type.js";
import { anonymousDim } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";

/** Known here for the shapes that exporters compute; there is no gradient rule. */
export const concat: Operator = {
  type: "Concat",
  unchangedSince: 4,

  infer(context) {
    const type = context.type(0);
    const shapes = context.node.inputs.map((_, index) => context.shape(index));
    if (type?.shape === undefined || shapes.includes(undefined))
      return [type && { ...type, shape: undefined }];
    const axis = context.axis(context.int("axis", 0), type.shape.length);
    const parts = shapes.map((shape) => shape?.[axis] ?? 0);
    const total = parts.reduce<Dim>(
      (sum, part) =>
        typeof sum === "number" && typeof part === "number"
          ? sum + part
          : anonymousDim(context.node.outputs[0] ?? "", axis),
      0,
    );
    return [{ ...type, shape: type.shape.map((dim, index) => (index === axis ? total : dim)) }];
  },

  contents(context) {
    const parts = context.node.inputs.map((_, index) => context.contents(index));
    return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? []);
  },
};
