import { reduceSum } from "../builder/reductions.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";
import { upgradeFlattening } from "./softmax-upgrade.js";

/** dx = dy - exp(y) * sum(dy) along the axis. */
export const logSoftmax: Operator = {
  type: "LogSoftmax",
  unchangedSince: 13,
  infer: sameAsInput,
  upgrade: upgradeFlattening,

  gradient(context) {
    const { graph, inference } = context;
    const dy = context.outputGradient();
    const sum = reduceSum(graph, dy, [inference.int("axis", -1)], true);
    const probabilities = graph.op("Exp", [context.output()]);
    return [graph.op("Sub", [dy, graph.op("Mul", [probabilities, sum])])];
  },
};
