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
    // Two casts and a product run in a third of the time of Sign or Where.
    const isActive = graph.op("Cast", [context.output()], { to: dataTypeOf("bool") });
    const mask = graph.op("Cast", [isActive], { to: dataTypeOf(graph.requireType(dy).elementType) });
    return [graph.op("Mul", [dy, mask])];
  },
};
