import { reduceSum, sumAll } from "../builder/reductions.js";
import { scalarLike } from "../gradient/add-to.js";
import { dataTypeOf } from "../onnx/element-type.js";
import { classTerms } from "./class-terms.js";
import type { Loss, LossContext, LossValues } from "./loss.js";

/**
 * -log softmax(logits)[target], classes on the last axis; every other axis is part of the batch.
 *
 * Stable, because it is taken from log-softmax. Gradient: softmax(logits) - target (Bishop 2006, eq. 4.109), each row
 * times its weight.
 */
export const softmaxCrossEntropy: Loss = {
  kind: "softmax-cross-entropy",
  metric: "correct",
  absorbs: ["Softmax", "LogSoftmax"],

  targetType: (prediction, format) =>
    format === "one-hot" ? prediction : { elementType: "int64", shape: prediction.shape?.slice(0, -1) },

  build: (context) => (context.options.target === "one-hot" ? fromDistribution(context) : fromIndex(context)),
};

function fromIndex(context: LossContext): LossValues {
  const { graph, prediction } = context;
  const terms = classTerms(context);
  const logProbabilities = graph.op("LogSoftmax", [prediction], { axis: -1 });
  const index = graph.op("Unsqueeze", [terms.target, graph.constant([-1], "int64")]);
  const chosen = graph.op("GatherElements", [logProbabilities, index], { axis: -1 });
  const weight = terms.weight && graph.op("Unsqueeze", [terms.weight, graph.constant([-1], "int64")]);
  const weighted = weight === undefined ? chosen : graph.op("Mul", [chosen, weight]);
  return {
    sum: graph.op("Neg", [sumAll(graph, weighted)]),
    count: terms.count,
    ...(terms.denominator === undefined ? {} : { denominator: terms.denominator }),
    ...(weight === undefined
      ? { mean: graph.op("Neg", [graph.op("ReduceMean", [chosen], { keepdims: 0 })]) }
      : {}),
    metric: countEqual(context, terms.target, terms.isCounted),
    gradient(scale) {
      const probabilities = graph.op("Exp", [logProbabilities]);
      const less = graph.op("Sub", [graph.op("Exp", [chosen]), scalarLike(graph, prediction, 1)]);
      const difference = graph.op("ScatterElements", [probabilities, index, less], { axis: -1 });
      return graph.op("Mul", [difference, weight === undefined ? scale : graph.op("Mul", [weight, scale])]);
    },
  };
}

/** Targets that sum to 1 along the class axis; one-hot is the common case. */
function fromDistribution(context: LossContext): LossValues {
  const { graph, prediction, options } = context;
  const { weights } = options;
  const perClass = weights && graph.constant(weights, graph.requireType(prediction).elementType);
  const target = perClass === undefined ? context.target : graph.op("Mul", [context.target, perClass]);
  const logProbabilities = graph.op("LogSoftmax", [prediction], { axis: -1 });
  const mass = reduceSum(graph, target, [-1], true);
  const best = graph.op("ArgMax", [context.target], { axis: -1, keepdims: 0 });
  return {
    sum: graph.op("Neg", [sumAll(graph, graph.op("Mul", [target, logProbabilities]))]),
    count: graph.op("Size", [mass]),
    metric: countEqual(context, best, undefined),
    gradient(scale) {
      const probabilities = graph.op("Mul", [graph.op("Exp", [logProbabilities]), mass]);
      return graph.op("Mul", [graph.op("Sub", [probabilities, target]), scale]);
    },
  };
}

function countEqual(
  { graph, prediction }: LossContext,
  classes: string,
  isCounted: string | undefined,
): string {
  const predicted = graph.op("ArgMax", [prediction], { axis: -1, keepdims: 0 });
  const isRight = graph.op("Equal", [predicted, classes]);
  const counted = isCounted === undefined ? isRight : graph.op("And", [isRight, isCounted]);
  return sumAll(graph, graph.op("Cast", [counted], { to: dataTypeOf("int64") }));
}
