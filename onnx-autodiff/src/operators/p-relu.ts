import { scalarLike } from "../gradient/add-to.js";
import { unbroadcast } from "../gradient/broadcast.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** Slope 1 above 0, the second input elsewhere; that input broadcasts to the first. */
export const pRelu: Operator = {
  type: "PRelu",
  unchangedSince: 9,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    const [x, slope, dy] = [context.input(0), context.input(1), context.outputGradient()];
    const zero = scalarLike(graph, x, 0);
    const isPositive = graph.op("Greater", [x, zero]);
    const dx = (): string => graph.op("Where", [isPositive, dy, graph.op("Mul", [dy, slope])]);
    const dSlope = (): string => graph.op("Where", [isPositive, zero, graph.op("Mul", [dy, x])]);
    return [
      context.needs(0) ? dx() : undefined,
      context.needs(1) ? unbroadcast(graph, dSlope(), slope) : undefined,
    ];
  },
};
