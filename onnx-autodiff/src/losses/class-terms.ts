import { sumAll } from "../builder/reductions.js";
import { scalarLike } from "../gradient/add-to.js";
import { dataTypeOf } from "../onnx/element-type.js";
import type { LossContext } from "./loss.js";

/** Which rows of class indices count, and for how much. */
export interface ClassTerms {
  /** The indices, with 0 in the place of ignored ones. */
  readonly target: string;
  /** Weight of each row, shaped like the target; undefined when all are 1. */
  readonly weight: string | undefined;
  /** Boolean per row; undefined when all rows count. */
  readonly isCounted: string | undefined;
  /** int64 scalar. */
  readonly count: string;
  /** Sum of the weights, at least 1 row's worth where none counts; undefined when it is the count. */
  readonly denominator: string | undefined;
}

/** Applies class weights and the ignored index of a softmax cross-entropy. */
export function classTerms(context: LossContext): ClassTerms {
  const { graph, prediction, options } = context;
  const { elementType } = graph.requireType(prediction);
  const ignored = options.ignoreIndex;
  const isCounted =
    ignored === undefined
      ? undefined
      : graph.op("Not", [graph.op("Equal", [context.target, graph.constant(ignored, "int64")])]);
  const target =
    isCounted === undefined
      ? context.target
      : graph.op("Where", [isCounted, context.target, graph.constant(0, "int64")]);
  const ofClass =
    options.weights && graph.op("Gather", [graph.constant(options.weights, elementType), target]);
  const mask = isCounted && graph.op("Cast", [isCounted], { to: dataTypeOf(elementType) });
  const weight =
    ofClass === undefined || mask === undefined ? (ofClass ?? mask) : graph.op("Mul", [ofClass, mask]);
  const counted = isCounted && graph.op("Cast", [isCounted], { to: dataTypeOf("int64") });
  return {
    target,
    weight,
    isCounted,
    count: counted === undefined ? graph.op("Size", [target]) : sumAll(graph, counted),
    denominator: weight && positive(context, sumAll(graph, weight)),
  };
}

/** A batch in which every row is ignored has the loss 0, not NaN: a device may hold such a batch. */
function positive({ graph }: LossContext, sum: string): string {
  const isZero = graph.op("Equal", [sum, scalarLike(graph, sum, 0)]);
  return graph.op("Where", [isZero, scalarLike(graph, sum, 1), sum]);
}
