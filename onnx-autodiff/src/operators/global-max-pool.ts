import { reduceSum } from "../builder/reductions.js";
import { indicator } from "./fill.js";
import { pooledToOne } from "./global-average-pool.js";
import type { Operator } from "./operator.js";

/** The largest element of each channel; equal ones share its gradient. */
export const globalMaxPool: Operator = {
  type: "GlobalMaxPool",
  unchangedSince: 1,
  infer: (context) => [pooledToOne(context)],

  gradient(context) {
    const { graph } = context;
    const x = context.input(0);
    const axes = graph.requireShape(x).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
    const hits = indicator(graph, graph.op("Equal", [x, context.output()]), x);
    const share = graph.op("Div", [context.outputGradient(), reduceSum(graph, hits, axes, true)]);
    return [graph.op("Mul", [hits, share])];
  },
};
