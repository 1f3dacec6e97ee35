import { reduceSum } from "../builder/reductions.js";
import { sameAsInput } from "../graph/shapes.js";
import type { Operator } from "./operator.js";
import { upgradeFlattening } from "./softmax-upgrade.js";

/** dx = y * (dy - sum(dy * y)) along the axis. */
export const softmax: Operator = {
  type: "Softmax",
  unchangedSince: 13,
  infer: sameAsInput,
  upgrade: upgradeFlattening,

  gradient(context) {
    const { graph, inference } = context;
    const [y, dy] = [context.output(), context.outputGradient()];
    const axis = inference.int("axis", -1);
    const mean = reduceSum(graph, graph.op("Mul", [dy, y]), [axis], true);
    return [graph.op("Mul", [y, graph.op("Sub", [dy, mean])])];
  },
};
