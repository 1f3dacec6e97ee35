import { dataTypeOf, elementTypeOf } from "../onnx/element-type.js";
import type { Operator } from "./operator.js";

export const cast: Operator = {
  type: "Cast",
  unchangedSince: 6,

  infer(context) {
    const elementType = elementTypeOf(context.int("to", 0));
    return [elementType === undefined ? undefined : { elementType, shape: context.shape(0) }];
  },

  contents: (context) => (elementTypeOf(context.int("to", 0)) === "int64" ? context.contents(0) : undefined),

  gradient(context) {
    const { graph } = context;
    const to = dataTypeOf(graph.requireType(context.input(0)).elementType);
    return [graph.op("Cast", [context.outputGradient()], { to })];
  },
};
