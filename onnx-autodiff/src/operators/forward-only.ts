import type { InferenceContext } from "../graph/inference-context.js";
import { broadcastInputs, broadcastToBool, reduced, sameAsInput } from "../graph/shapes.js";
import { anonymousDim, type TensorType } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";

/** Operators that generated graphs contain but that are not differentiated: only their types are needed. */
export const FORWARD_ONLY: readonly Operator[] = [
  { type: "Sign", unchangedSince: 9, infer: sameAsInput },
  { type: "ScatterElements", unchangedSince: 11, infer: sameAsInput },
  { type: "GatherElements", unchangedSince: 11, infer: likeInputWithShapeOf(1) },
  { type: "Min", unchangedSince: 8, infer: broadcastInputs },
  { type: "Equal", unchangedSince: 7, differentiableInputs: [], infer: broadcastToBool },
  { type: "Greater", unchangedSince: 7, differentiableInputs: [], infer: broadcastToBool },
  {
    type: "Size",
    unchangedSince: 1,
    differentiableInputs: [],
    infer: () => [{ elementType: "int64", shape: [] }],
  },
  { type: "ArgMax", unchangedSince: 13, differentiableInputs: [], infer: argMaxType },
  { type: "NonZero", unchangedSince: 9, differentiableInputs: [], infer: nonZeroType },
  { type: "Expand", unchangedSince: 8, infer: expandType },
  { type: "ReduceSumSquare", unchangedSince: 1, infer: reduced },
];

function likeInputWithShapeOf(index: number): Operator["infer"] {
  return (context) => {
    const type = context.type(0);
    return [type && { ...type, shape: context.shape(index) }];
  };
}

function argMaxType(context: InferenceContext): readonly TensorType[] {
  const shape = context.shape(0);
  if (shape === undefined) return [{ elementType: "int64", shape }];
  const axis = context.axis(context.int("axis", 0), shape.length);
  const isKept = context.int("keepdims", 1) === 1;
  const kept = shape.map((dim, index) => (index === axis ? 1 : dim));
  return [{ elementType: "int64", shape: isKept ? kept : shape.filter((_, index) => index !== axis) }];
}

function nonZeroType(context: InferenceContext): readonly TensorType[] {
  const rank = context.shape(0)?.length;
  const found = anonymousDim(context.node.outputs[0] ?? "", 1);
  return [{ elementType: "int64", shape: rank === undefined ? undefined : [rank, found] }];
}

function expandType(context: InferenceContext): readonly (TensorType | undefined)[] {
  return [
    context.type(0) && { elementType: context.type(0)?.elementType ?? "float32", shape: context.contents(1) },
  ];
}
