import type { Operator } from "./operator.js";
import { isStaticShape } from "../graph/tensor-type.js";
import { transposeContents } from "../graph/strided-contents.js";
import type { InferenceContext } from "../graph/inference-context.js";

export const transpose: Operator = {
  type: "Transpose",
  unchangedSince: 1,

  infer(context) {
    const type = context.type(0);
    if (type?.shape === undefined) return [type];
    const { shape } = type;
    return [{ ...type, shape: permutation(context, shape.length).map((axis) => shape[axis] ?? 1) }];
  },

  contents(context) {
    const [contents, shape] = [context.contents(0), context.shape(0)];
    if (contents === undefined || shape === undefined || !isStaticShape(shape)) return undefined;
    return transposeContents(contents, shape, permutation(context, shape.length));
  },

  gradient(context) {
    const { graph, inference } = context;
    const perm = permutation(inference, graph.requireShape(context.input(0)).length);
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    return [graph.op("Transpose", [context.outputGradient()], { perm: inverse })];
  },
};

/** Axes of the input in output order; reversed by default. */
function permutation(context: InferenceContext, rank: number): readonly number[] {
  const reversed = Array.from({ length: rank }, (_, index) => rank - 1 - index);
  const perm = context.ints("perm") ?? reversed;
  if (perm.length === rank && new Set(perm).size === rank && perm.every((axis) => axis >= 0 && axis < rank))
    return perm;
  return context.fail(
    "ONNX_SHAPE_MISMATCH",
    `perm [${perm.join(", ")}] does not permute ${rank} axes`,
    "correct perm",
  );
}
