import type { GraphBuilder } from "../builder/graph-builder.js";
import { scalarLike } from "../gradient/add-to.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** Factor of x^3 in the approximation by tanh. */
const CUBIC = 0.044715;

/** x Phi(x), or its approximation by tanh. Source: Hendrycks and Gimpel 2016, section 2. */
export const gelu: Operator = {
  type: "Gelu",
  unchangedSince: 20,
  infer: sameAsInput,

  gradient(context) {
    const { graph, inference } = context;
    const x = context.input(0);
    const slope =
      inference.text("approximate", "none") === "tanh" ? tanhSlope(graph, x) : exactSlope(graph, x);
    return [graph.op("Mul", [context.outputGradient(), slope])];
  },
};

/** Phi(x) + x phi(x). */
function exactSlope(graph: GraphBuilder, x: string): string {
  const times = (value: string, factor: number): string =>
    graph.op("Mul", [value, scalarLike(graph, x, factor)]);
  const erf = graph.op("Erf", [times(x, Math.SQRT1_2)]);
  const distribution = times(graph.op("Add", [erf, scalarLike(graph, x, 1)]), 0.5);
  const density = times(graph.op("Exp", [times(graph.op("Mul", [x, x]), -0.5)]), 1 / Math.sqrt(2 * Math.PI));
  return graph.op("Add", [distribution, graph.op("Mul", [x, density])]);
}

/** 0.5 (1 + t) + 0.5 x (1 - t^2) u' with t = tanh(u) and u = sqrt(2 / pi) (x + 0.044715 x^3). */
function tanhSlope(graph: GraphBuilder, x: string): string {
  const number = (value: number): string => scalarLike(graph, x, value);
  const square = graph.op("Mul", [x, x]);
  const scale = Math.sqrt(2 / Math.PI);
  const factor = graph.op("Add", [graph.op("Mul", [square, number(scale * CUBIC)]), number(scale)]);
  const t = graph.op("Tanh", [graph.op("Mul", [x, factor])]);
  const inner = graph.op("Add", [graph.op("Mul", [square, number(3 * scale * CUBIC)]), number(scale)]);
  const bend = graph.op("Mul", [graph.op("Sub", [number(1), graph.op("Mul", [t, t])]), inner]);
  const sum = graph.op("Add", [graph.op("Add", [t, number(1)]), graph.op("Mul", [x, bend])]);
  return graph.op("Mul", [sum, number(0.5)]);
}
