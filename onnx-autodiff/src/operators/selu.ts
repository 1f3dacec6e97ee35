import { scalarLike } from "../gradient/add-to.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

const ALPHA = 1.67326319217681884765625;
const GAMMA = 1.05070102214813232421875;

/** gamma x above 0, gamma alpha (exp(x) - 1) elsewhere. Source: Klambauer et al. 2017, eq. 2. */
export const selu: Operator = {
  type: "Selu",
  unchangedSince: 6,
  infer: sameAsInput,

  gradient(context) {
    const { graph, inference } = context;
    const [x, y, dy] = [context.input(0), context.output(), context.outputGradient()];
    const gamma = inference.float("gamma", GAMMA);
    const below = graph.op("Add", [y, scalarLike(graph, y, gamma * inference.float("alpha", ALPHA))]);
    const isPositive = graph.op("Greater", [x, scalarLike(graph, x, 0)]);
    const slope = graph.op("Where", [isPositive, scalarLike(graph, x, gamma), below]);
    return [graph.op("Mul", [dy, slope])];
  },
};
