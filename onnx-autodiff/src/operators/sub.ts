import { unbroadcast } from "../gradient/broadcast.js";
import { combineContents } from "../graph/integer-contents.js";
import { broadcastInputs } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

export const sub: Operator = {
  type: "Sub",
  unchangedSince: 7,
  infer: broadcastInputs,
  contents: (context) => combineContents(context, { apply: (a, b) => a - b, neutral: 0 }),

  gradient(context) {
    const { graph } = context;
    const dy = context.outputGradient();
    return [
      context.needs(0) ? unbroadcast(graph, dy, context.input(0)) : undefined,
      context.needs(1) ? graph.op("Neg", [unbroadcast(graph, dy, context.input(1))]) : undefined,
    ];
  },
};
