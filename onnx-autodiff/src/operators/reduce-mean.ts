import { expandReduced } from "../gradient/expand-reduced.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import { scalarLike } from "../gradient/add-to.js";
import { reduced, reductionAxes } from "../graph/shapes.js";
import { staticSize } from "../graph/tensor-type.js";
import { dataTypeOf } from "../onnx/element-type.js";
import type { Operator } from "./operator.js";

export const reduceMean: Operator = {
  type: "ReduceMean",
  unchangedSince: 1,
  differentiableInputs: [0],
  infer: reduced,

  gradient(context) {
    const share = context.graph.op("Div", [context.outputGradient(), meanedCount(context)]);
    return [expandReduced(context, share)];
  },
};

/** How many elements each mean is over: a constant where the reduced dims are, else size of input over size of output. */
function meanedCount(context: GradientContext): string {
  const { graph, inference } = context;
  const [x, y] = [context.input(0), context.output()];
  const axes = reductionAxes(inference);
  const dims = axes && graph.typeOf(x)?.shape?.filter((_, index) => axes.includes(index));
  const count = dims && staticSize(dims);
  if (count !== undefined) return scalarLike(graph, x, count);
  const to = dataTypeOf(graph.requireType(x).elementType);
  const sizes = [x, y].map((value) => graph.op("Cast", [graph.op("Size", [value])], { to }));
  return graph.op("Div", sizes);
}
