import { reshapeLike } from "../gradient/broadcast.js";
import { anonymousDim, staticSize, type Dim } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";

export const flatten: Operator = {
  type: "Flatten",
  unchangedSince: 1,

  infer(context) {
    const type = context.type(0);
    const axis = context.int("axis", 1);
    if (type?.shape === undefined) return [type];
    const { shape } = type;
    const at = axis === shape.length ? axis : context.axis(axis, shape.length);
    const merge = (dims: readonly Dim[], index: number): Dim => {
      const others = dims.filter((dim) => dim !== 1);
      const single = others.length === 1 ? others[0] : undefined;
      return staticSize(dims) ?? single ?? anonymousDim(context.node.outputs[0] ?? "", index);
    };
    return [{ ...type, shape: [merge(shape.slice(0, at), 0), merge(shape.slice(at), 1)] }];
  },

  gradient: (context) => [reshapeLike(context.graph, context.outputGradient(), context.input(0))],
};
