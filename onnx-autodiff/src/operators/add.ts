import { unbroadcast } from "../gradient/broadcast.js";
import { combineContents } from "../graph/integer-contents.js";
import { broadcastInputs } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

export const add: Operator = {
  type: "Add",
  unchangedSince: 7,
  infer: broadcastInputs,
  contents: (context) => combineContents(context, { apply: (a, b) => a + b, neutral: 0, commutes: true }),

  gradient(context) {
    const dy = context.outputGradient();
    return [0, 1].map((index) =>
      context.needs(index) ? unbroadcast(context.graph, dy, context.input(index)) : undefined,
    );
  },
};
