import { unbroadcast } from "../gradient/broadcast.js";
import { broadcastInputs } from "../graph/shapes.js";
import type { Operator } from "./operator.js";

/** The sum of any number of inputs. */
export const sum: Operator = {
  type: "Sum",
  unchangedSince: 8,
  infer: broadcastInputs,

  gradient(context) {
    const dy = context.outputGradient();
    return context.node.inputs.map((input, index) =>
      context.needs(index) ? unbroadcast(context.graph, dy, input) : undefined,
    );
  },
};
