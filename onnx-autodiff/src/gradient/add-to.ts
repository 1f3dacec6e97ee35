import type { GraphBuilder } from "../builder/graph-builder.js";
import { float, floatAttribute, intAttribute } from "../onnx/attributes.js";

export interface AddToOptions {
  readonly beta?: number;
  readonly isShared?: boolean;
}

/**
 * beta * base + addend. Where `addend` comes from a Gemm without a bias, its product is computed onto `base` in
 * the same pass; the separate product is then dead code. `isShared` says that something else reads the addend,
 * so that computing it once and adding is cheaper.
 */
export function addTo(graph: GraphBuilder, base: string, addend: string, options: AddToOptions = {}): string {
  const { beta = 1, isShared = false } = options;
  const product = isShared ? undefined : graph.producerOf(addend);
  const isBareGemm = product?.opType === "Gemm" && product.inputs.length === 2;
  if (product !== undefined && isBareGemm && hasShapeOf(graph, base, addend)) {
    return graph.op("Gemm", [...product.inputs, base], {
      alpha: float(floatAttribute(product, "alpha", 1)),
      beta: float(beta),
      transA: intAttribute(product, "transA", 0),
      transB: intAttribute(product, "transB", 0),
    });
  }
  const scaled = beta === 1 ? base : graph.op("Mul", [base, scalarLike(graph, base, beta)]);
  return graph.op("Add", [scaled, addend]);
}

/** A constant scalar of the element type of `like`. */
export function scalarLike(graph: GraphBuilder, like: string, value: number): string {
  return graph.constant(value, graph.requireType(like).elementType);
}

function hasShapeOf(graph: GraphBuilder, a: string, b: string): boolean {
  const left = graph.requireShape(a);
  const right = graph.requireShape(b);
  return left.length === right.length && left.every((dim, index) => dim === right[index]);
}
