import { scalarLike } from "../gradient/add-to.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** x / (1 + |x|); its derivative is 1 / (1 + |x|)^2. */
export const softsign: Operator = {
  type: "Softsign",
  unchangedSince: 1,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    const x = context.input(0);
    const width = graph.op("Add", [graph.op("Abs", [x]), scalarLike(graph, x, 1)]);
    return [graph.op("Div", [context.outputGradient(), graph.op("Mul", [width, width])])];
  },
};
