import { unbroadcast } from "../gradient/broadcast.js";
import { combineContents } from "../graph/integer-contents.js";
import { broadcastInputs } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

export const mul: Operator = {
  type: "Mul",
  unchangedSince: 7,
  infer: broadcastInputs,
  contents: (context) => combineContents(context, { apply: (a, b) => a * b, neutral: 1, commutes: true }),

  gradient(context) {
    const { graph } = context;
    const dy = context.outputGradient();
    const [a, b] = [context.input(0), context.input(1)];
    return [
      context.needs(0) ? unbroadcast(graph, graph.op("Mul", [dy, b]), a) : undefined,
      context.needs(1) ? unbroadcast(graph, graph.op("Mul", [dy, a]), b) : undefined,
    ];
  },
};
