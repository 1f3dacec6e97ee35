import { scalarLike } from "../gradient/add-to.js";
import { sameAsInput } from "../graph/shapes.js";
import { indicator } from "./fill.js";
import type { Operator } from "./operator.js";

/** max(0, min(1, alpha x + beta)): slope alpha (0.2) strictly between 0 and 1, else 0. */
export const hardSigmoid: Operator = {
  type: "HardSigmoid",
  unchangedSince: 6,
  infer: sameAsInput,

  gradient(context) {
    const { graph, inference } = context;
    const y = context.output();
    const number = (value: number): string => scalarLike(graph, y, value);
    const isInside = graph.op("And", [graph.op("Greater", [y, number(0)]), graph.op("Less", [y, number(1)])]);
    const slope = graph.op("Mul", [indicator(graph, isInside, y), number(inference.float("alpha", 0.2))]);
    return [graph.op("Mul", [context.outputGradient(), slope])];
  },
};
