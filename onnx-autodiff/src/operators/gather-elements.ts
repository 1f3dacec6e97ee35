import { filledLike } from "./fill.js";
import type { Operator } from "./operator.js";

/** One element of the data for each index; their gradients add up where they were taken from. */
export const gatherElements: Operator = {
  type: "GatherElements",
  unchangedSince: 11,
  differentiableInputs: [0],

  infer(context) {
    const type = context.type(0);
    return [type && { ...type, shape: context.shape(1) }];
  },

  gradient(context) {
    const { graph, inference } = context;
    const [data, indices, dy] = [context.input(0), context.input(1), context.outputGradient()];
    const attributes = { axis: inference.int("axis", 0), reduction: "add" };
    return [graph.op("ScatterElements", [filledLike(graph, data, 0), indices, dy], attributes)];
  },
};
