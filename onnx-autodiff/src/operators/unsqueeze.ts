import { reshapeLike } from "../gradient/broadcast.js";
import type { Dim } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";
import { upgradeAxes } from "./squeeze.js";

export const unsqueeze: Operator = {
  type: "Unsqueeze",
  unchangedSince: 13,
  differentiableInputs: [0],

  infer(context) {
    const type = context.type(0);
    const axes = context.contents(1);
    if (type?.shape === undefined || axes === undefined) return [type && { ...type, shape: undefined }];
    const rank = type.shape.length + axes.length;
    const added = new Set(axes.map((axis) => context.axis(Number(axis), rank)));
    const rest = [...type.shape];
    return [
      {
        ...type,
        shape: Array.from({ length: rank }, (_, i): Dim => (added.has(i) ? 1 : (rest.shift() ?? 1))),
      },
    ];
  },

  contents: (context) => context.contents(0),
  gradient: (context) => [reshapeLike(context.graph, context.outputGradient(), context.input(0))],
  upgrade: (context) => upgradeAxes(context),
};
