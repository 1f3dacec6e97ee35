import { unbroadcast } from "../gradient/broadcast.js";
import { scalarLike } from "../gradient/add-to.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import { staticSize, type Dim } from "../graph/tensor-type.js";
import type { InferenceContext } from "../graph/inference-context.js";
import { float } from "../onnx/attributes.js";
import type { Operator } from "./operator.js";

/** Y = alpha * A' B' + beta * C with A' [M, K], B' [K, N] and C broadcast to [M, N]. */
export const gemm: Operator = {
  type: "Gemm",
  unchangedSince: 7,

  infer(context) {
    const type = context.type(0);
    if (type === undefined) return [undefined];
    const sizes = gemmSizes(context);
    return [{ elementType: type.elementType, shape: sizes && [sizes.m, sizes.n] }];
  },

  gradient(context) {
    const { inference, graph } = context;
    const transA = inference.int("transA", 0);
    const transB = inference.int("transB", 0);
    const alpha = float(inference.float("alpha", 1));
    const [a, b, dy] = [context.input(0), context.input(1), context.outputGradient()];
    const product = (left: string, right: string, transposeLeft: number, transposeRight: number): string =>
      graph.op("Gemm", [left, right], { alpha, transA: transposeLeft, transB: transposeRight });
    const da = (): string => (transA === 0 ? product(dy, b, 0, 1 - transB) : product(b, dy, transB, 1));
    const db = (): string => (transB === 0 ? product(a, dy, 1 - transA, 0) : product(dy, a, 1, transA));
    return [
      context.needs(0) ? da() : undefined,
      context.needs(1) ? db() : undefined,
      context.needs(2) ? biasGradient(context, inference.float("beta", 1)) : undefined,
    ];
  },

  multiplyAdds(context) {
    const sizes = gemmSizes(context);
    return sizes === undefined
      ? 0
      : [sizes.m, sizes.k, sizes.n].reduce<number>((product, dim) => product * sizeOf(dim), 1);
  },
};

function biasGradient(context: GradientContext, beta: number): string {
  const sum = unbroadcast(context.graph, context.outputGradient(), context.input(2));
  return beta === 1 ? sum : context.graph.op("Mul", [sum, scalarLike(context.graph, sum, beta)]);
}

function gemmSizes(
  context: InferenceContext,
): { readonly m: Dim; readonly k: Dim; readonly n: Dim } | undefined {
  const [a, b] = [context.shape(0), context.shape(1)];
  if (a === undefined || b === undefined) return undefined;
  const [m, k] = context.int("transA", 0) === 0 ? a : [a[1], a[0]];
  const [rows, n] = context.int("transB", 0) === 0 ? b : [b[1], b[0]];
  if (
    a.length !== 2 ||
    b.length !== 2 ||
    m === undefined ||
    k === undefined ||
    rows === undefined ||
    n === undefined
  ) {
    return context.fail(
      "ONNX_SHAPE_MISMATCH",
      `inputs of rank ${a.length} and ${b.length}`,
      "Gemm takes matrices",
    );
  }
  if (typeof k === "number" && typeof rows === "number" && k !== rows) {
    return context.fail(
      "ONNX_SHAPE_MISMATCH",
      `inner dims ${k} and ${rows} differ`,
      "correct the weight's shape",
    );
  }
  return { m, k, n };
}

function sizeOf(dim: Dim): number {
  return staticSize([dim]) ?? 1;
}
