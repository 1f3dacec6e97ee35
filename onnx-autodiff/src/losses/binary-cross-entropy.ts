import { sumAll } from "../builder/reductions.js";
import { scalarLike } from "../gradient/add-to.js";
import { dataTypeOf } from "../onnx/element-type.js";
import type { Loss } from "./loss.js";

/**
 * max(z, 0) - z t + log(1 + exp(-|z|)) for logits z and targets t in [0, 1], one term per element.
 *
 * This form neither overflows nor takes the log of 0 (PyTorch's binary_cross_entropy_with_logits uses it too).
 * Gradient: sigmoid(z) - t.
 */
export const binaryCrossEntropy: Loss = {
  kind: "binary-cross-entropy",
  metric: "correct",
  absorbs: ["Sigmoid"],
  targetType: (prediction) => prediction,

  build({ graph, prediction, target }) {
    const one = scalarLike(graph, prediction, 1);
    const decay = graph.op("Exp", [graph.op("Neg", [graph.op("Abs", [prediction])])]);
    const tail = graph.op("Log", [graph.op("Add", [one, decay])]);
    const linear = graph.op("Sub", [graph.op("Relu", [prediction]), graph.op("Mul", [prediction, target])]);
    const saysYes = graph.op("Greater", [prediction, scalarLike(graph, prediction, 0)]);
    const isYes = graph.op("Greater", [target, scalarLike(graph, prediction, 0.5)]);
    const isRight = graph.op("Equal", [saysYes, isYes]);
    return {
      sum: sumAll(graph, graph.op("Add", [linear, tail])),
      count: graph.op("Size", [prediction]),
      metric: sumAll(graph, graph.op("Cast", [isRight], { to: dataTypeOf("int64") })),
      gradient: (scale) =>
        graph.op("Mul", [graph.op("Sub", [graph.op("Sigmoid", [prediction]), target]), scale]),
    };
  },
};
