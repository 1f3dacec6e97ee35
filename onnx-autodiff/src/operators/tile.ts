import { reduceSum } from "../builder/reductions.js";
import { reshapeLike } from "../gradient/broadcast.js";
import { anonymousDim, type Dim } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";

/** The input repeated along each axis; the gradients of the copies add up. */
export const tile: Operator = {
  type: "Tile",
  unchangedSince: 6,
  differentiableInputs: [0],

  infer(context) {
    const type = context.type(0);
    const repeats = context.contents(1);
    const shape = type?.shape?.map((dim, axis): Dim => {
      const times = repeats?.[axis];
      if (times === 1) return dim;
      const isKnown = typeof dim === "number" && typeof times === "number";
      return isKnown ? dim * times : anonymousDim(context.node.outputs[0] ?? "", axis);
    });
    return [type && { ...type, shape }];
  },

  gradient(context) {
    const { graph } = context;
    const x = context.input(0);
    const rank = graph.requireShape(x).length;
    const column = (vector: string): string => graph.op("Unsqueeze", [vector, graph.constant([1], "int64")]);
    const pairs = graph.op("Concat", [column(context.input(1)), column(graph.op("Shape", [x]))], { axis: 1 });
    const flat = graph.op("Reshape", [pairs, graph.constant([2 * rank], "int64")]);
    const apart = graph.op("Reshape", [context.outputGradient(), flat]);
    const axes = Array.from({ length: rank }, (_, axis) => 2 * axis);
    return [reshapeLike(graph, reduceSum(graph, apart, axes, false), x)];
  },
};
