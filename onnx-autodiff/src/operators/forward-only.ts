import type { InferenceContext } from "../graph/inference-context.js";
import { combineContents } from "../graph/integer-contents.js";
import { broadcastInputs, broadcastToBool, sameAsInput } from "../graph/shapes.js";
import { anonymousDim, type Dim, type TensorType } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";

const comparison = (type: string, unchangedSince: number): Operator => ({
  type,
  unchangedSince,
  differentiableInputs: [],
  infer: broadcastToBool,
});

/** Piecewise constant: the derivative is 0 wherever there is one. */
const steps = (type: string, unchangedSince: number): Operator => ({
  type,
  unchangedSince,
  differentiableInputs: [],
  infer: sameAsInput,
});

/** Operators without a gradient rule: their types are needed, and no gradient flows where none exists. */
export const FORWARD_ONLY: readonly Operator[] = [
  {
    ...comparison("Equal", 7),
    contents: (context) => combineContents(context, { apply: (a, b) => (a === b ? 1 : 0) }),
  },
  comparison("Greater", 7),
  comparison("GreaterOrEqual", 12),
  comparison("Less", 7),
  comparison("LessOrEqual", 12),
  comparison("And", 7),
  comparison("Or", 7),
  comparison("Xor", 7),
  { type: "Not", unchangedSince: 1, differentiableInputs: [], infer: sameAsInput },
  steps("Sign", 9),
  steps("Floor", 6),
  steps("Ceil", 6),
  steps("Round", 11),
  { type: "Mod", unchangedSince: 10, infer: broadcastInputs },
  { type: "ScatterElements", unchangedSince: 11, infer: sameAsInput },
  { type: "ScatterND", unchangedSince: 11, infer: sameAsInput },
  {
    type: "Size",
    unchangedSince: 1,
    differentiableInputs: [],
    infer: () => [{ elementType: "int64", shape: [] }],
  },
  { type: "ArgMax", unchangedSince: 13, differentiableInputs: [], infer: argType },
  { type: "ArgMin", unchangedSince: 13, differentiableInputs: [], infer: argType },
  { type: "Resize", unchangedSince: 13, differentiableInputs: [0], infer: resizedType },
  { type: "NonZero", unchangedSince: 9, differentiableInputs: [], infer: nonZeroType },
];

function argType(context: InferenceContext): readonly TensorType[] {
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

/** Known where the scales are constants. */
function resizedType(context: InferenceContext): readonly (TensorType | undefined)[] {
  const type = context.type(0);
  const scales = context.tensor(2)?.data;
  const shape = type?.shape?.map((dim, axis): Dim => {
    const scale = Number(scales?.[axis] ?? NaN);
    if (scale === 1) return dim;
    const isKnown = typeof dim === "number" && Number.isFinite(scale);
    return isKnown ? Math.floor(dim * scale) : anonymousDim(context.node.outputs[0] ?? "", axis);
  });
  return [type && { ...type, shape }];
}
