import { reshapeLike } from "../gradient/broadcast.js";
import type { InferenceContext } from "../graph/inference-context.js";
import { anonymousDim, staticSize, type Dim } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";

/** A longer shape input is no shape. */
const MAX_RANK = 64;

export const reshape: Operator = {
  type: "Reshape",
  unchangedSince: 5,
  differentiableInputs: [0],
  contents: (context) => context.contents(0),

  infer(context) {
    const type = context.type(0);
    return [type === undefined ? undefined : { ...type, shape: reshapedShape(context) }];
  },

  gradient: (context) => [reshapeLike(context.graph, context.outputGradient(), context.input(0))],
};

function reshapedShape(context: InferenceContext): readonly Dim[] | undefined {
  const from = context.shape(0);
  const wanted = context.contents(1);
  if (wanted === undefined) {
    const rank = context.shape(1)?.[0];
    const isKnown = typeof rank === "number" && rank <= MAX_RANK;
    return isKnown
      ? Array.from({ length: rank }, (_, i) => anonymousDim(context.node.outputs[0] ?? "", i))
      : undefined;
  }
  const copiesZeros = context.int("allowzero", 0) === 0;
  const dims = wanted.map((dim, index) => (dim === 0 && copiesZeros ? from?.[index] : dim));
  return dims.map((dim, index) => {
    if (dim === undefined) return anonymousDim(context.node.outputs[0] ?? "", index);
    return dim === -1 ? remainingDim(context, from, { dims, index }) : dim;
  });
}

/** The dim written as -1: what is left of the input's size once dims on both sides cancel. */
function remainingDim(
  context: InferenceContext,
  from: readonly Dim[] | undefined,
  wanted: { readonly dims: readonly (Dim | undefined)[]; readonly index: number },
): Dim {
  const unknown = anonymousDim(context.node.outputs[0] ?? "", wanted.index);
  if (from === undefined) return unknown;
  const rest = [...from];
  const divisors: Dim[] = [];
  wanted.dims.forEach((dim, index) => {
    if (index === wanted.index || dim === undefined) return;
    const position = typeof dim === "string" ? rest.indexOf(dim) : -1;
    if (position >= 0) rest.splice(position, 1);
    else divisors.push(dim);
  });
  const divisor = staticSize(divisors);
  const numbers = rest.filter((dim) => typeof dim === "number");
  const symbols = rest.filter((dim) => typeof dim === "string");
  if (divisor === undefined || divisor === 0) return unknown;
  const quotient = (staticSize(numbers) ?? 1) / divisor;
  if (symbols.length === 1 && quotient === 1) return symbols[0] ?? unknown;
  if (symbols.length > 0) return unknown;
  if (Number.isInteger(quotient)) return quotient;
  return context.fail(
    "ONNX_SHAPE_MISMATCH",
    `[${from.join(", ")}] does not fill the shape`,
    "correct the shape",
  );
}
