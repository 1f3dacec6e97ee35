import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** log(1 + exp(x)); its derivative is the sigmoid. */
export const softplus: Operator = {
  type: "Softplus",
  unchangedSince: 1,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    return [graph.op("Mul", [context.outputGradient(), graph.op("Sigmoid", [context.input(0)])])];
  },
};
