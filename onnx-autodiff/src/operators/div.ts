import { unbroadcast } from "../gradient/broadcast.js";
import { combineContents } from "../graph/integer-contents.js";
import { broadcastInputs } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** d(a/b) = da / b - db * (a/b) / b. */
export const div: Operator = {
  type: "Div",
  unchangedSince: 7,
  infer: broadcastInputs,
  contents: (context) =>
    combineContents(context, { apply: (a, b) => (b === 0 ? 0 : Math.trunc(a / b)), neutral: 1 }),

  gradient(context) {
    const { graph } = context;
    const [a, b] = [context.input(0), context.input(1)];
    const quotient = graph.op("Div", [context.outputGradient(), b]);
    const db = (): string => graph.op("Neg", [graph.op("Mul", [quotient, context.output()])]);
    return [
      context.needs(0) ? unbroadcast(graph, quotient, a) : undefined,
      context.needs(1) ? unbroadcast(graph, db(), b) : undefined,
    ];
  },
};
