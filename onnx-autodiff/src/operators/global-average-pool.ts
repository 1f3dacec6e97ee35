import { dataTypeOf } from "../onnx/element-type.js";
import { scalarLike } from "../gradient/add-to.js";
import type { InferenceContext } from "../graph/inference-context.js";
import { staticSize, type TensorType } from "../graph/tensor-type.js";
import { shapeOf } from "./fill.js";
import type { Operator } from "./operator.js";

/** The mean of each channel's elements, spatial dims kept as 1. */
export const globalAveragePool: Operator = {
  type: "GlobalAveragePool",
  unchangedSince: 1,
  infer: (context) => [pooledToOne(context)],

  gradient(context) {
    const { graph } = context;
    const [x, dy] = [context.input(0), context.outputGradient()];
    const spatial = graph.requireShape(x).slice(2);
    const known = staticSize(spatial);
    const to = dataTypeOf(graph.requireType(x).elementType);
    const cast = (value: string): string => graph.op("Cast", [graph.op("Size", [value])], { to });
    const count = known === undefined ? graph.op("Div", [cast(x), cast(dy)]) : scalarLike(graph, x, known);
    return [graph.op("Expand", [graph.op("Div", [dy, count]), shapeOf(graph, x)])];
  },
};

/** [N, C, 1, ...] for [N, C, ...]. */
export function pooledToOne(context: InferenceContext): TensorType | undefined {
  const type = context.type(0);
  return type?.shape && { ...type, shape: type.shape.map((dim, axis) => (axis < 2 ? dim : 1)) };
}
