import { reshapeLike, unbroadcast } from "../gradient/broadcast.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import type { GraphBuilder } from "../builder/graph-builder.js";
import { broadcastShapes } from "../graph/shapes.js";
import type { InferenceContext } from "../graph/inference-context.js";
import type { Dim } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";

/** numpy.matmul: leading dims broadcast, vectors count as one-row or one-column matrices. */
export const matMul: Operator = {
  type: "MatMul",
  unchangedSince: 1,

  infer(context) {
    const type = context.type(0);
    if (type === undefined) return [undefined];
    return [{ elementType: type.elementType, shape: productShape(context) }];
  },

  gradient(context) {
    const rankB = context.graph.requireShape(context.input(1)).length;
    const rankA = context.graph.requireShape(context.input(0)).length;
    return rankB === 2 && rankA >= 2 ? weightGradients(context, rankA) : batchedGradients(context);
  },

  multiplyAdds(context) {
    const shape = productShape(context);
    const inner = context.shape(0)?.at(-1);
    if (shape === undefined || inner === undefined) return 0;
    return [...shape, inner].reduce<number>(
      (product, dim) => product * (typeof dim === "number" ? dim : 1),
      1,
    );
  },
};

/** x [..., K] times a weight [K, N]: leading dims flatten into rows, so that Gemm needs no transposed copies. */
function weightGradients(context: GradientContext, rankA: number): readonly (string | undefined)[] {
  const { graph } = context;
  const [a, b, dy] = [context.input(0), context.input(1), context.outputGradient()];
  const rows = (value: string): string => {
    const width = graph.requireShape(value).at(-1);
    if (rankA === 2) return value;
    if (typeof width === "number") return graph.op("Reshape", [value, graph.constant([-1, width], "int64")]);
    return graph.op("Flatten", [value], { axis: rankA - 1 });
  };
  const da = (): string => {
    const flat = graph.op("Gemm", [rows(dy), b], { transB: 1 });
    return rankA === 2 ? flat : reshapeLike(graph, flat, a);
  };
  return [
    context.needs(0) ? da() : undefined,
    context.needs(1) ? graph.op("Gemm", [rows(a), rows(dy)], { transA: 1 }) : undefined,
  ];
}

function batchedGradients(context: GradientContext): readonly (string | undefined)[] {
  const { graph } = context;
  const [a, b] = [context.input(0), context.input(1)];
  const isVectorA = graph.requireShape(a).length === 1;
  const isVectorB = graph.requireShape(b).length === 1;
  const unsqueeze = (value: string, axis: number): string =>
    graph.op("Unsqueeze", [value, graph.constant([axis], "int64")]);
  const matrixA = isVectorA ? unsqueeze(a, 0) : a;
  const matrixB = isVectorB ? unsqueeze(b, 1) : b;
  const columns = isVectorB ? unsqueeze(context.outputGradient(), -1) : context.outputGradient();
  const dy = isVectorA ? unsqueeze(columns, -2) : columns;
  const finish = (gradient: string, matrix: string, input: string): string => {
    const summed = unbroadcast(graph, gradient, matrix);
    return matrix === input ? summed : reshapeLike(graph, summed, input);
  };
  return [
    context.needs(0) ? finish(graph.op("MatMul", [dy, swapLast(graph, matrixB)]), matrixA, a) : undefined,
    context.needs(1) ? finish(graph.op("MatMul", [swapLast(graph, matrixA), dy]), matrixB, b) : undefined,
  ];
}

function swapLast(graph: GraphBuilder, value: string): string {
  const rank = graph.requireShape(value).length;
  const order = Array.from({ length: rank }, (_, index) => index);
  return graph.op("Transpose", [value], { perm: [...order.slice(0, -2), rank - 1, rank - 2] });
}

function productShape(context: InferenceContext): readonly Dim[] | undefined {
  const [a, b] = [context.shape(0), context.shape(1)];
  if (a === undefined || b === undefined) return undefined;
  const inner = a.at(-1);
  const rows = b.length === 1 ? b[0] : b.at(-2);
  if (inner === undefined || rows === undefined) {
    return context.fail("ONNX_SHAPE_MISMATCH", "an input is a scalar", "MatMul takes vectors or matrices");
  }
  if (typeof inner === "number" && typeof rows === "number" && inner !== rows) {
    return context.fail(
      "ONNX_SHAPE_MISMATCH",
      `inner dims ${inner} and ${rows} differ`,
      "correct the weight's shape",
    );
  }
  const batch = broadcastShapes(context, [a.slice(0, -2), b.slice(0, -2)]) ?? [];
  return [...batch, ...a.slice(-2, -1), ...(b.length === 1 ? [] : b.slice(-1))];
}
