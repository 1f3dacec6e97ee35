import { scalarLike } from "../gradient/add-to.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/**
 * x max(0, min(1, x / 6 + 1/2)): slope 0 below -3, 1 above 3, x / 3 + 1/2 between.
 *
 * Source: Howard et al. 2019, section 5.2.
 */
export const hardSwish: Operator = {
  type: "HardSwish",
  unchangedSince: 14,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    const x = context.input(0);
    const number = (value: number): string => scalarLike(graph, x, value);
    const middle = graph.op("Add", [graph.op("Mul", [x, number(1 / 3)]), number(0.5)]);
    const below = graph.op("Where", [graph.op("Less", [x, number(-3)]), number(0), middle]);
    const slope = graph.op("Where", [graph.op("Greater", [x, number(3)]), number(1), below]);
    return [graph.op("Mul", [context.outputGradient(), slope])];
  },
};
