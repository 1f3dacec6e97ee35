import { scalarLike } from "../gradient/add-to.js";
import { unbroadcast } from "../gradient/broadcast.js";
import { broadcastInputs } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** The mean of any number of inputs. */
export const mean: Operator = {
  type: "Mean",
  unchangedSince: 8,
  infer: broadcastInputs,

  gradient(context) {
    const { graph, node } = context;
    const dy = context.outputGradient();
    const share = graph.op("Div", [dy, scalarLike(graph, dy, node.inputs.length)]);
    return node.inputs.map((input, index) =>
      context.needs(index) ? unbroadcast(graph, share, input) : undefined,
    );
  },
};
