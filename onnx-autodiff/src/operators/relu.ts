import { scalarLike } from "../gradient/add-to.js";
import { sameAsInput } from "../graph/shapes.js";
import { dataTypeOf } from "../onnx/element-type.js";
import type { Operator } from "./operator.js";

/** Gradients pass where the output is not 0; the derivative at 0 is 0. */
export const relu: Operator = {
  type: "Relu",
  unchangedSince: 6,
  infer: sameAsInput,

  gradient(context) {
    const { graph } = context;
    const dy = context.outputGradient();
    // A cast tells what is not 0, for half the time of a comparison.
    const isActive = graph.op("Cast", [context.output()], { to: dataTypeOf("bool") });
    return [graph.op("Where", [isActive, dy, scalarLike(graph, dy, 0)])];
  },
};
